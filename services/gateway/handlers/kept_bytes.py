"""Read bytes that are kept inline where they are few, else as a blob."""

from services.gateway.ports import Blobs


def kept_bytes(blobs: Blobs, text: str | None, digest: str | None) -> bytes:
    """Return the bytes of ``text``, or of the blob ``digest`` where it is None.

    Raises ``BlobNotFound`` or ``BlobDamaged``.
    """
    return text.encode() if text is not None else blobs.get(digest or "")
