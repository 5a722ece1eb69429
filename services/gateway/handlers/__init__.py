"""The use cases: the only code that changes incidents. Importable by the gateway's edges only."""
