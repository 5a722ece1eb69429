"""Explain a delivery: why each of its signals is where it is, from the record of what was decided."""

from collections.abc import Iterator

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Delivery, Incident, RuleBook, Signal, SignalOutcome, Silence
from services.gateway.domain.rules.book import CompiledBook, Considered
from services.gateway.domain.rules.facts import Facts
from services.gateway.ports import Store
from shared.contracts.base import Contract


class ConsideredRule(Contract, frozen=True, kw_only=True):
    """A rule that was looked at; ``why_not`` is None for the one that took the signal."""

    rule_id: str
    name: str
    why_not: str | None


class SignalExplanation(Contract, frozen=True, kw_only=True):
    """One signal: its outcome, the rules that were looked at by the version that decided, and where it is now."""

    outcome: SignalOutcome
    title: str
    considered: tuple[ConsideredRule, ...]
    story: tuple[str, ...]


class DeliveryExplanation(Contract, frozen=True, kw_only=True):
    """The way of a delivery, in sentences, and that of each of its signals."""

    delivery_id: str
    story: tuple[str, ...]
    signals: tuple[SignalExplanation, ...]


def explain_delivery(store: Store, policy: GroupingPolicy, delivery_id: str) -> DeliveryExplanation:
    """Return why the delivery is where it is. Raises ``RecordNotFound``.

    Rules are looked at in the version that decided, with what is known of the signal now.
    """
    delivery = store.get(Delivery, delivery_id)
    books: dict[int, CompiledBook] = {}
    return DeliveryExplanation(
        delivery_id=delivery.id,
        story=tuple(_tell(delivery)),
        signals=tuple(_explain(store, policy, books, outcome) for outcome in delivery.signals),
    )


def _tell(delivery: Delivery) -> Iterator[str]:
    at = f"{delivery.received_at:%F %T} UTC"
    yield f"{delivery.sender} sent {delivery.size_bytes} bytes as {delivery.source} at {at}."
    if delivery.replay_of:
        yield f"It is a replay of {delivery.replay_of}."
    if delivery.processed_at is None:
        yield f"It waits to be read; job {delivery.job_id} does that."
        return
    if delivery.code is not None:
        yield f"It could not be understood ({delivery.code}): {delivery.reason}."
        return
    changes = f" and {len(delivery.changes)} changes" if delivery.changes else ""
    yield f"It was read at {delivery.processed_at:%F %T} UTC: {len(delivery.signals)} signals{changes}."
    for warning in delivery.warnings:
        yield f"Warning: {warning}."
    for change in delivery.changes:
        yield f"The change {change.summary!r} was kept as {change.change_id}."


def _explain(
    store: Store, policy: GroupingPolicy, books: dict[int, CompiledBook], outcome: SignalOutcome
) -> SignalExplanation:
    signal = store.find(Signal, outcome.fingerprint)
    considered: list[Considered] = []
    if signal is not None and outcome.rule_id is not None:
        version = outcome.rules_version
        if version not in books:
            books[version] = CompiledBook(store.find(RuleBook, str(version)) if version else None, policy)
        considered = books[version].consider(Facts.of_signal(signal))
    return SignalExplanation(
        outcome=outcome,
        title=signal.title if signal is not None else "",
        considered=tuple(ConsideredRule(rule_id=one.rule_id, name=one.name, why_not=one.why_not) for one in considered),
        story=tuple(_tell_signal(store, outcome, signal)),
    )


def _tell_signal(store: Store, outcome: SignalOutcome, signal: Signal | None) -> Iterator[str]:
    yield f"{outcome.fingerprint} was reported {outcome.status}: {outcome.outcome}, because {outcome.reason}."
    if outcome.rule_id is not None:
        of_version = f"version {outcome.rules_version}" if outcome.rules_version else "the built-in rules"
        yield f"The rule {outcome.rule_id} of {of_version} decided; its group is {outcome.dedup_key}."
    silence = store.find(Silence, outcome.suppressed_by) if outcome.suppressed_by else None
    if silence is not None:
        yield f"{silence.created_by} set {silence.id}: {silence.comment!r}; it is {silence.state}."
    if signal is None:
        yield "What was known of it is past its retention."
        return
    incident = store.find(Incident, signal.incident_id) if signal.incident_id else None
    where = f"in INC-{incident.number}, which is {incident.status}" if incident is not None else "in no incident"
    if signal.held_by:
        where = f"held back by {signal.held_by}"
    yield f"Now it is {signal.status} and {where}; {signal.count} deliveries reported it."
