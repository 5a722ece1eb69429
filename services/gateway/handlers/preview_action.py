"""Attach what a dry run of an action put out, and read it again."""

from dataclasses import dataclass

from services.gateway.domain.actions import calls
from services.gateway.domain.actions.digests import preview_digest
from services.gateway.domain.records import Action, ActionPreview, PreviewSeen
from services.gateway.errors import RecordNotFound
from services.gateway.handlers.action_case import ActionCall, check_version, keep, open_case, refuse_ended
from services.gateway.ports import Blobs, Store, Transaction
from shared.ids import new_id
from shared.redaction import redact

_INLINE_BYTES = 16 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a dry run put out, secrets taken out of it, and where that is kept."""

    text: str | None
    blob: str | None
    digest: str
    preview_id: str
    length: int
    redacted: int
    succeeded: bool


def keep_output(blobs: Blobs, output: str, *, succeeded: bool) -> DryRun:
    """Return ``output`` ready to be attached: redacted, and as a blob when it is long. Outside any transaction."""
    text, redacted = redact(output)
    content = text.encode()
    preview_id = new_id("apv")
    blob = blobs.put(content) if len(content) > _INLINE_BYTES else None
    return DryRun(
        text=None if blob else text,
        blob=blob,
        digest=preview_digest(preview_id, content, succeeded=succeeded),
        preview_id=preview_id,
        length=len(content),
        redacted=redacted,
        succeeded=succeeded,
    )


def preview_action(tx: Transaction, call: ActionCall, dry_run: DryRun) -> str:
    """Attach ``dry_run`` and return the action's id. What was approved before could not show it, and lapses.

    Raises ``RecordNotFound``, ``VersionConflict``, ``IncidentEnded``, ``CallNotAllowed``, ``TooManyPreviews``.
    """
    case = open_case(tx, call)
    check_version(case.action, call.versions)
    refuse_ended(tx, case.incident)
    seen = PreviewSeen(
        id=dry_run.preview_id,
        digest=dry_run.digest,
        succeeded=dry_run.succeeded,
        length=dry_run.length,
        redacted=dry_run.redacted,
        created_by=call.subject.id,
        created_at=tx.now,
    )
    after, drafts = calls.add_preview(case.action, case.rule, seen)
    tx.put(
        ActionPreview(
            id=seen.id,
            action_id=after.id,
            incident_id=after.incident_id,
            text=dry_run.text,
            blob=dry_run.blob,
            created_at=tx.now,
        ),
    )
    return keep(tx, after, drafts)


def read_output(store: Store, blobs: Blobs, action: Action, preview_id: str) -> tuple[PreviewSeen, str]:
    """Return a preview of ``action`` and what it put out.

    Raises ``RecordNotFound``, ``BlobNotFound``, ``BlobDamaged``.
    """
    seen = next((preview for preview in action.previews if preview.id == preview_id), None)
    if seen is None:
        raise RecordNotFound(f"{action.id} has no preview {preview_id!r}.")
    kept = store.get(ActionPreview, preview_id)
    return seen, blobs.get(kept.blob).decode() if kept.blob else kept.text or ""
