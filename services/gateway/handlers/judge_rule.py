"""Take what a person says of a rule's finding, and count how often each rule was right."""

import msgspec

from services.gateway.domain.access import Subject
from services.gateway.domain.records import (
    FeedbackVerdict,
    QuickDx,
    RuleFeedback,
    RulePrecision,
    feedback_id,
)
from services.gateway.errors import ValidationFailed
from services.gateway.handlers.promote_quickdx import require_done
from services.gateway.ports import Transaction


def judge_rule(
    tx: Transaction, quickdx_id: str, subject: Subject, rule_id: str, verdict: FeedbackVerdict, note: str
) -> str:
    """Keep what ``subject`` says of a rule in a diagnosis, in place of what they said before; return its id.

    Raises ``RecordNotFound``, ``DiagnosisNotDone``, and ``ValidationFailed`` for a rule that claims nothing in it.
    """
    quickdx = tx.get(QuickDx, quickdx_id)
    require_done(quickdx)
    if rule_id not in quickdx.rule_ids:
        raise ValidationFailed("Not valid: ruleId.", errors={"ruleId": ["claims nothing in this diagnosis"]})
    record_id = feedback_id(quickdx_id, rule_id, subject.id)
    known = tx.find(RuleFeedback, record_id)
    if known is not None and (known.verdict, known.note) == (verdict, note):
        return record_id
    tx.put(
        RuleFeedback(
            quickdx_id=quickdx_id,
            rule_id=rule_id,
            verdict=verdict,
            note=note,
            given_by=subject.id,
            given_at=tx.now,
        )
    )
    _count(tx, rule_id, known.verdict if known is not None else None, verdict)
    return record_id


def _count(tx: Transaction, rule_id: str, before: FeedbackVerdict | None, after: FeedbackVerdict) -> None:
    if before is after:
        return
    counted = tx.find(RulePrecision, rule_id) or RulePrecision(rule_id=rule_id, updated_at=tx.now)
    step = {after: 1} | ({before: -1} if before is not None else {})
    tx.put(
        msgspec.structs.replace(
            counted,
            confirmed=counted.confirmed + step.get(FeedbackVerdict.CONFIRMED, 0),
            rejected=counted.rejected + step.get(FeedbackVerdict.REJECTED, 0),
            updated_at=tx.now,
        )
    )
