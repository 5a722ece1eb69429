"""The fields of a signal that a mapping may look for in a body of unknown shape."""

MAPPING_FIELDS = (
    *("items", "title", "description", "severity", "status", "fingerprint", "dedupKey"),
    *("startsAt", "endsAt", "labels", "service", "link"),
)
