"""Append to the audit log, in the same commit as the change it tells of."""

from typing import Any

from services.gateway.domain.records import EntryDraft, EntryType, audit_chain
from services.gateway.ports import Transaction

SYSTEM = "system"
_API = "api"


def write_audit(tx: Transaction, kind: EntryType, actor: str, message: str, /, **payload: Any) -> None:
    """Append a fact to the log of this month; ``actor`` is the authenticated subject, or ``SYSTEM``.

    It never conflicts with what others append. ``payload`` names things in camelCase, and holds no secret.
    """
    tx.append(
        audit_chain(tx.now),
        EntryDraft(
            type=kind,
            actor=actor,
            source=SYSTEM if actor == SYSTEM else _API,
            occurred_at=tx.now,
            message=message,
            payload=payload,
        ),
    )
