"""The graph worker: what surrounds an incident, what is wrong in it, and how sure that is."""
