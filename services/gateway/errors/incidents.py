"""What stands against a change of an incident, or of what belongs to it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from shared.errors import AppError


class TransitionNotAllowed(AppError):
    """The lifecycle has no such move; the body says what is allowed."""

    code = "transition_not_allowed"
    http_status = 409
    title = "The incident cannot move there"
    example: ClassVar[Mapping[str, Any]] = {
        "detail": "An incident that is new cannot become closed.",
        "current": "new",
        "requested": "closed",
        "allowed": ["triage", "investigating", "resolved", "cancelled"],
    }


class SignalsFiring(AppError):
    """Linked signals still fire; resolving all the same needs ``force`` and a reason."""

    code = "signals_firing"
    http_status = 409
    title = "Linked signals still fire"
    example: ClassVar[Mapping[str, Any]] = {"firingCount": 2}


class ReasonRequired(AppError):
    """This move needs a reason for the timeline."""

    code = "reason_required"
    http_status = 422
    title = "A reason is required"
    example: ClassVar[Mapping[str, Any]] = {"errors": {"reason": ["required"]}}


class DiagnosisNotDone(AppError):
    """Only a diagnosis that is done can be promoted or judged; ``state`` says where it stands."""

    code = "diagnosis_not_done"
    http_status = 409
    title = "The diagnosis is not done"
    example: ClassVar[Mapping[str, Any]] = {"detail": "The diagnosis is queued.", "state": "queued"}


class GraphClusterUnknown(AppError):
    """No graph worker can read the cluster, or it cannot be told which is meant; ``known`` names those there are."""

    code = "graph_cluster_unknown"
    http_status = 409
    title = "It is not known in which cluster to look"
    example: ClassVar[Mapping[str, Any]] = {
        "detail": "The clusters that can be read are prod, staging; the incident names none, so say which.",
        "known": ["prod", "staging"],
        "named": [],
    }


class NotInvestigated(AppError):
    """Nothing was found out yet; ``waitingJobId`` is the job that will, if one was asked for."""

    code = "incident_not_investigated"
    http_status = 404
    title = "The incident was not investigated yet"
    example: ClassVar[Mapping[str, Any]] = {
        "detail": "Ask for it: POST /api/incidents/inc_01KAVEXAMPLE/investigate.",
        "waitingJobId": None,
    }


class IncidentMerged(AppError):
    """The incident was merged into another, which is the one to write to; ``mergedInto`` names it."""

    code = "incident_merged"
    http_status = 409
    title = "The incident was merged into another"
    example: ClassVar[Mapping[str, Any]] = {"mergedInto": "inc_01KAVEXAMPLE"}


class IncidentNotMerged(AppError):
    """Only a merge can be undone by a split."""

    code = "incident_not_merged"
    http_status = 409
    title = "The incident is not merged"


class MergeNeedsTarget(AppError):
    """Merging is a move of the lifecycle, but not one that a status alone can make."""

    code = "merge_needs_target"
    http_status = 409
    title = "Merging needs a target"
    example: ClassVar[Mapping[str, Any]] = {
        "current": "triage",
        "requested": "merged",
        "allowed": ["investigating", "mitigated", "resolved", "cancelled", "merged"],
    }


class MergeIntoItself(AppError):
    """The target is the incident itself."""

    code = "merge_into_itself"
    http_status = 409
    title = "An incident cannot be merged into itself"


class MergeCycle(AppError):
    """The target was merged into this very incident, by itself or by way of others."""

    code = "merge_cycle"
    http_status = 409
    title = "The target is part of this incident already"
    example: ClassVar[Mapping[str, Any]] = {"mergedInto": "inc_01KAVEXAMPLE"}


class MergeTargetMerged(AppError):
    """The target was merged itself; ``mergedInto`` names where it leads."""

    code = "merge_target_merged"
    http_status = 409
    title = "The target was merged itself"
    example: ClassVar[Mapping[str, Any]] = {"mergedInto": "inc_01KAVEXAMPLE"}


class MergeTargetEnded(AppError):
    """Nobody works on the target any more."""

    code = "merge_target_ended"
    http_status = 409
    title = "The target has ended"
    example: ClassVar[Mapping[str, Any]] = {"targetStatus": "closed"}


class TooManyRelations(AppError):
    """An incident has as many relations as it may have."""

    code = "too_many_relations"
    http_status = 409
    title = "An incident has as many relations as it may have"


class MilestoneNotReached(AppError):
    """Only a milestone that was reached has a time to correct; ``milestones`` names those that were not."""

    code = "milestone_not_reached"
    http_status = 409
    title = "The incident has not reached this milestone"
    example: ClassVar[Mapping[str, Any]] = {"milestones": ["closedAt"]}


class TimesNotChronological(AppError):
    """The milestones would not stand in their order, or lie in the future; ``errors`` names them."""

    code = "times_not_chronological"
    http_status = 422
    title = "The times are not in their order"
    example: ClassVar[Mapping[str, Any]] = {"errors": {"resolvedAt": ["must not be before mitigatedAt"]}}


class TooManyTasks(AppError):
    """An incident has as many tasks as it may have."""

    code = "too_many_tasks"
    http_status = 409
    title = "The incident has as many tasks as it may have"


class TooManyDiagnoses(AppError):
    """An incident has as many diagnoses as it may have."""

    code = "too_many_diagnoses"
    http_status = 409
    title = "The incident has as many diagnoses as it may have"


class DiagnosisDiffers(AppError):
    """Another diagnosis is attached under this id."""

    code = "diagnosis_differs"
    http_status = 409
    title = "Another diagnosis has this id"
