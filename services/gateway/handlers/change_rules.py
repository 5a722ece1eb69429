"""Put new rules into force, as a new version; every version stays."""

from collections.abc import Sequence

import msgspec

from services.gateway.domain.records import CURRENT, EntryType, GroupingRule, OwnershipRule, RuleBook
from services.gateway.domain.rules.check_book import check_book
from services.gateway.errors import VersionConflict
from services.gateway.handlers.refuse_invalid import refuse_invalid
from services.gateway.handlers.write_audit import write_audit
from services.gateway.ports import Transaction


def change_rules(
    tx: Transaction,
    grouping: Sequence[GroupingRule],
    ownership: Sequence[OwnershipRule],
    *,
    reason: str,
    actor: str,
    versions: tuple[int, ...] | None,
) -> str:
    """Put the rules and return their version. The rules in force again are no new version, and none at all are none.

    ``versions`` are those the change may be based on; None for any. Raises ``ValidationFailed`` with every
    problem by its place, and ``VersionConflict``.
    """
    current = tx.find(RuleBook, CURRENT)
    version = current.version if current is not None else 0
    book = RuleBook(
        version=version + 1,
        grouping=tuple(grouping),
        ownership=tuple(ownership),
        changed_by=actor,
        changed_at=tx.now,
        reason=reason,
    )
    refuse_invalid(lambda: check_book(book))
    if versions is not None and version not in versions:
        raise VersionConflict(f"The rules are at version {version} by now.", currentVersion=version)
    in_force = (current.grouping, current.ownership) if current is not None else ((), ())
    if in_force == (book.grouping, book.ownership):
        return str(version)
    tx.put(book)
    tx.put(msgspec.structs.replace(book, id=str(book.version)))
    _say_changed(tx, book)
    return str(book.version)


def _say_changed(tx: Transaction, book: RuleBook) -> None:
    write_audit(
        tx,
        EntryType.RULES_CHANGED,
        book.changed_by,
        f"Rules are at version {book.version}",
        version=book.version,
        reason=book.reason,
        groupingRules=len(book.grouping),
        ownershipRules=len(book.ownership),
    )
