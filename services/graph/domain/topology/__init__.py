"""The graph of what was read, and what lies around a place in it."""
