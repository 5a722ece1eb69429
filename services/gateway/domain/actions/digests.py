"""The digests an approval rests on: of an action's content, of a preview, and of all an approver looks at."""

import hashlib
import json

import msgspec

from services.gateway.domain.records import Action


def canonical_json(value: object) -> bytes:
    """Return the one way ``value`` is written for a digest.

    Keys are sorted, there is no white space, and text is UTF-8 with nothing escaped that need not be.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def content_digest(action: Action) -> str:
    """Return the SHA-256, in hex, of what never changes about an action, its id and incident among it."""
    return _sha256(
        canonical_json(
            {
                "id": action.id,
                "incidentId": action.incident_id,
                "type": str(action.type),
                "payload": msgspec.to_builtins(action.payload),
                "title": action.title,
                "rationale": action.rationale,
                "risk": str(action.risk),
                "rollback": action.rollback,
                "expectedEffect": action.expected_effect,
            },
        ),
    )


def preview_digest(preview_id: str, output: bytes, *, succeeded: bool, target: str | None = None) -> str:
    """Return the digest of one preview: of its id, of what it put out, of how it ended, and of its target if known."""
    seen = {"id": preview_id, "output": _sha256(output), "succeeded": succeeded}
    if target is not None:
        seen["target"] = target
    return _sha256(canonical_json(seen))


def review_digest(action: Action) -> str:
    """Return the digest of all an approver looks at: of the content, and of each preview in its order.

    Without previews it is the content's own.
    """
    if not action.previews:
        return action.digest
    seen = {"content": action.digest, "previews": [preview.digest for preview in action.previews]}
    return _sha256(canonical_json(seen))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
