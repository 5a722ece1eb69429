"""Read what a request shows in its header Authorization under the scheme Bearer (RFC 6750)."""

import hmac


def find_bearer(header: str) -> str | None:
    """Return what stands behind the scheme, in whatever case the scheme is written; None where it is another."""
    scheme, _, shown = header.partition(" ")
    # Not all that Unicode calls a space: servers hand on a key's bytes as latin-1, where a byte of a letter may be one.
    return shown.strip(" \t") if scheme.lower() == "bearer" else None


def shows_key(header: str, key: str) -> bool:
    """Answer whether ``header`` shows ``key``, in the same time for every wrong one of the same length.

    ``header`` is as servers hand it on: each byte the client sent is one character.
    """
    shown = find_bearer(header)
    return shown is not None and hmac.compare_digest(shown.encode("latin-1", "replace"), key.encode())
