"""Attach what a dry run of an action put out, and read it again."""

from dataclasses import dataclass
from datetime import datetime

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
    target_digest: str | None = None
    no_preview: str | None = None

    def seen(self, by: str, at: datetime) -> PreviewSeen:
        """Return what the action keeps of it."""
        return PreviewSeen(
            id=self.preview_id,
            digest=self.digest,
            succeeded=self.succeeded,
            length=self.length,
            redacted=self.redacted,
            target_digest=self.target_digest,
            no_preview=self.no_preview,
            created_by=by,
            created_at=at,
        )


def keep_output(
    blobs: Blobs, output: str, *, succeeded: bool, target: str | None = None, no_preview: str | None = None
) -> DryRun:
    """Return ``output`` ready to be attached: redacted, and as a blob when it is long. Outside any transaction.

    ``target`` is the digest of the target, where the actions worker made the dry run.
    """
    text, redacted = redact(output)
    content = text.encode()
    preview_id = new_id("apv")
    blob = blobs.put(content) if len(content) > _INLINE_BYTES else None
    return DryRun(
        text=None if blob else text,
        blob=blob,
        digest=preview_digest(preview_id, content, succeeded=succeeded, target=target),
        preview_id=preview_id,
        length=len(content),
        redacted=redacted,
        succeeded=succeeded,
        target_digest=target,
        no_preview=no_preview,
    )


def preview_action(tx: Transaction, call: ActionCall, dry_run: DryRun) -> str:
    """Attach ``dry_run`` and return the action's id. What was approved before could not show it, and lapses.

    Raises ``RecordNotFound``, ``VersionConflict``, ``IncidentEnded``, ``CallNotAllowed``, ``TooManyPreviews``.
    """
    case = open_case(tx, call)
    check_version(case.action, call.versions)
    refuse_ended(tx, case.incident)
    after, drafts = calls.add_preview(case.action, case.rule, case.roles, dry_run.seen(call.subject.id, tx.now))
    put_output(tx, after, dry_run)
    return keep(tx, after, drafts)


def put_output(tx: Transaction, action: Action, dry_run: DryRun) -> None:
    """Put what ``dry_run`` put out, which ``action`` keeps a preview of."""
    tx.put(
        ActionPreview(
            id=dry_run.preview_id,
            action_id=action.id,
            incident_id=action.incident_id,
            text=dry_run.text,
            blob=dry_run.blob,
            created_at=tx.now,
        ),
    )


def read_output(store: Store, blobs: Blobs, action: Action, preview_id: str) -> tuple[PreviewSeen, str]:
    """Return a preview of ``action`` and what it put out.

    Raises ``RecordNotFound``, ``BlobNotFound``, ``BlobDamaged``.
    """
    seen = next((preview for preview in action.previews if preview.id == preview_id), None)
    if seen is None:
        raise RecordNotFound(f"{action.id} has no preview {preview_id!r}.")
    kept = store.get(ActionPreview, preview_id)
    return seen, blobs.get(kept.blob).decode() if kept.blob else kept.text or ""
