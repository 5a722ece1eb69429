"""Telling open pages what changed: a board of changes in memory, fed by the store's commits, and its followers."""
