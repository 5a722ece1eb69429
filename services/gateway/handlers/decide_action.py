"""Ask for the approval of an action, approve it, reject it, or withdraw it."""

from services.gateway.domain.actions import calls
from services.gateway.handlers.action_case import ActionCall, check_version, keep, open_case, refuse_ended
from services.gateway.ports import Transaction


def request_approval(tx: Transaction, call: ActionCall) -> str:
    """Let the action wait for approval and return its id; one that waits already stays as it is.

    Raises ``RecordNotFound``, ``VersionConflict``, ``IncidentEnded``, ``CallNotAllowed``.
    """
    case = open_case(tx, call)
    check_version(case.action, call.versions)
    refuse_ended(tx, case.incident)
    return keep(tx, *calls.ask(case.action, case.rule, call.subject.id, tx.now))


def approve_action(tx: Transaction, call: ActionCall, *, digest: str | None, reason: str) -> str:
    """Record the subject's approval of what ``digest`` stands for, and return the action's id.

    The same person again changes nothing. Raises what ``request_approval`` raises, and ``Forbidden``,
    ``ApproverNotNamed``, ``ApproverIsProposer``, ``ActionChanged``.
    """
    case = open_case(tx, call)
    check_version(case.action, call.versions)
    refuse_ended(tx, case.incident)
    outcome = calls.approve(case.action, case.rule, case.roles, call.subject, tx.now, digest=digest, reason=reason)
    return keep(tx, *outcome)


def reject_action(tx: Transaction, call: ActionCall, *, reason: str) -> str:
    """Reject the action, also one that was approved, and return its id.

    Raises ``RecordNotFound``, ``VersionConflict``, ``CallNotAllowed``, ``ReasonRequired``.
    """
    case = open_case(tx, call)
    check_version(case.action, call.versions)
    return keep(tx, *calls.reject(case.action, call.subject, tx.now, reason=reason))


def withdraw_action(tx: Transaction, call: ActionCall, *, reason: str) -> str:
    """Withdraw the subject's own proposal and return its id.

    Raises ``RecordNotFound``, ``VersionConflict``, ``CallNotAllowed``, ``Forbidden``.
    """
    case = open_case(tx, call)
    check_version(case.action, call.versions)
    return keep(tx, *calls.withdraw(case.action, call.subject, tx.now, reason=reason))
