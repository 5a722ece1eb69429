"""The JSON store: a checksummed journal is the truth, a SQLite index and views for people are derived from it."""

from services.gateway.adapters.json_store.store import JsonStore, open_json_store

__all__ = ["JsonStore", "open_json_store"]
