"""The types that cross a service boundary: plain frozen structs, importable by every service."""
