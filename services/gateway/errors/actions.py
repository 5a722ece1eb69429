"""What stands against a call on an action."""

from collections.abc import Mapping
from typing import Any, ClassVar

from shared.errors import AppError


class ActionNotApproved(AppError):
    """Nobody may execute what was not approved exactly as it is, whatever their role.

    Where somebody approved it and that does not count, or not yet, a sort of it says why by a code of its own.
    """

    code = "action_not_approved"
    http_status = 403
    title = "The action is not approved"
    example: ClassVar[Mapping[str, Any]] = {
        "state": "pending",
        "approvalsGiven": 0,
        "approvalsNeeded": 1,
        "notCounted": [{"by": "token:ben", "why": "approver_revoked"}],
    }


class ContentChanged(ActionNotApproved):
    """It was approved, and something was added to look at since: a preview that who approved could not see."""

    code = "content_changed"
    title = "What was approved has changed since"
    example: ClassVar[Mapping[str, Any]] = {
        **ActionNotApproved.example,
        "notCounted": [{"by": "token:ben", "why": "content_changed"}],
    }


class ApproverRevoked(ActionNotApproved):
    """It was approved by somebody whose token is revoked or expired now, or may not approve any more."""

    code = "approver_revoked"
    title = "Who approved it may not any more"


class RoleTooLow(ActionNotApproved):
    """It was approved with a role that the rule of now does not take."""

    code = "role_too_low"
    title = "The role of who approved it does not suffice"
    example: ClassVar[Mapping[str, Any]] = {
        **ActionNotApproved.example,
        "notCounted": [{"by": "token:ben", "why": "role_too_low"}],
    }


class ApprovalExpired(ActionNotApproved):
    """It was approved, and the time of that is over."""

    code = "approval_expired"
    title = "The approval has expired"
    example: ClassVar[Mapping[str, Any]] = {
        **ActionNotApproved.example,
        "state": "expired",
        "notCounted": [{"by": "token:ben", "why": "approval_expired"}],
    }


class ActionSuperseded(ActionNotApproved):
    """Another action was proposed in its place, so nobody is to do it any more."""

    code = "action_superseded"
    title = "Another action took its place"
    example: ClassVar[Mapping[str, Any]] = {
        "state": "withdrawn",
        "approvalsGiven": 1,
        "approvalsNeeded": 1,
        "notCounted": [],
    }


class MoreApprovalsNeeded(ActionNotApproved):
    """It was approved, by fewer people than the policy asks for."""

    code = "more_approvals_needed"
    title = "More people must approve it"
    example: ClassVar[Mapping[str, Any]] = {
        "state": "pending",
        "approvalsGiven": 1,
        "approvalsNeeded": 2,
        "notCounted": [],
    }


class ActionFrozen(AppError):
    """A freeze of the policy holds: what it matches is not executed until it is over, though it is approved."""

    code = "action_frozen"
    http_status = 409
    title = "A freeze holds; nothing was executed"
    example: ClassVar[Mapping[str, Any]] = {
        "freezes": [
            {
                "name": "year-end",
                "reason": "Half of us are away.",
                "startsAt": "2026-12-20T00:00:00Z",
                "until": "2027-01-04T00:00:00Z",
                "breakGlassRole": "admin",
            },
        ],
        "nextFreeAt": "2027-01-04T00:00:00Z",
    }


class ApproverIsProposer(ActionNotApproved):
    """The policy wants another person than the proposer to approve this."""

    code = "approver_is_proposer"
    title = "Someone else must approve this"
    example: ClassVar[Mapping[str, Any]] = {}


class ApproverNotNamed(ActionNotApproved):
    """The policy names who may approve this, and the subject is not among them."""

    code = "approver_not_named"
    title = "The policy names others to approve this"
    example: ClassVar[Mapping[str, Any]] = {}


class ActionChanged(AppError):
    """What is to be approved is not what the approver says to have seen."""

    code = "action_changed"
    http_status = 409
    title = "The action is not as you have seen it"
    example: ClassVar[Mapping[str, Any]] = {
        "currentDigest": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
    }


class CallNotAllowed(AppError):
    """The action's state does not take this call; the body says which it takes."""

    code = "call_not_allowed"
    http_status = 409
    title = "The action's state does not allow this"
    example: ClassVar[Mapping[str, Any]] = {
        "state": "executed",
        "requested": "withdraw",
        "allowed": [],
    }


class ExecutionUnavailable(AppError):
    """No worker that is there can do this; nothing was done."""

    code = "execution_unavailable"
    http_status = 409
    title = "No worker can do it; nothing was done"
    example: ClassVar[Mapping[str, Any]] = {"actionType": "kubernetes"}


class TooManyPreviews(AppError):
    """The action has as many previews as it may have."""

    code = "too_many_previews"
    http_status = 409
    title = "The action has as many previews as it may have"


class IncidentEnded(AppError):
    """Nothing is done any more about an incident that is closed, cancelled or merged."""

    code = "incident_ended"
    http_status = 409
    title = "The incident has ended"
    example: ClassVar[Mapping[str, Any]] = {"incidentStatus": "closed"}


class PreviewRequired(AppError):
    """No worker has looked at what the action would change, so nobody can have approved that."""

    code = "preview_required"
    http_status = 409
    title = "A dry run must be approved first"


class ExecutorRevoked(AppError):
    """Who had the action executed may not any more, now that a worker would begin it."""

    code = "executor_revoked"
    http_status = 403
    title = "Who had it executed may not any more"
