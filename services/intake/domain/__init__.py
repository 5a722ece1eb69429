"""How each source's words become Faultline's: pure functions, no network, no queue."""
