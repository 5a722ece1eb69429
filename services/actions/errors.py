"""Why an API server did not do what was asked; each says whether something may have been done."""

from typing import ClassVar

from shared.contracts.action import RbacRule
from shared.errors import AppError


class NoCluster(AppError):
    """No configuration names this cluster, or it cannot be used."""

    code = "no_cluster"


class KubeError(Exception):
    """A request to an API server that did not end well. Handlers make outcomes of it; no API answers with it.

    Its text is for people, and holds no secret and no account. ``may_be_done`` tells whether the change may have been
    made all the same: only then is the end unknown.
    """

    code: ClassVar[str] = "kube_error"
    may_be_done: ClassVar[bool] = False


class Conflict(KubeError):
    """409: the object is not any more what it was when it was read."""

    code = "conflict"


class FieldsOwned(KubeError):
    """409 of an apply: other managers own fields of the manifest, and nothing is taken from them by force."""

    code = "fields_owned"


class TargetNotFound(KubeError):
    """404 or 410: there is no such object."""

    code = "not_found"


class KindNotServed(KubeError):
    """404 of the API itself: the server does not know the kind."""

    code = "kind_not_served"


class Unauthorized(KubeError):
    """401: the credentials are missing, wrong or expired, new ones too."""

    code = "unauthorized"


class Forbidden(KubeError):
    """403: the account lacks a right; ``rule`` is what would grant it."""

    code = "forbidden"

    def __init__(self, detail: str, rule: RbacRule) -> None:
        super().__init__(detail)
        self.rule = rule


class Invalid(KubeError):
    """400, 413, 415 or 422: the server can make nothing of the change; ``causes`` by the field it names."""

    code = "invalid"

    def __init__(self, detail: str, causes: dict[str, list[str]] | None = None) -> None:
        super().__init__(detail)
        self.causes = causes or {}


class TooManyRequests(KubeError):
    """429: the server has too much to do, and did nothing."""

    code = "too_many_requests"

    def __init__(self, detail: str, seconds: float | None = None) -> None:
        super().__init__(detail)
        # After how long the server asks to come again.
        self.seconds = seconds


class BudgetRefuses(TooManyRequests):
    """429 of an eviction: a PodDisruptionBudget allows none at the moment."""

    code = "budget_refuses"


class AdmissionRefused(KubeError):
    """A webhook, a policy or a quota refused the change."""

    code = "admission_refused"


class NoDryRun(KubeError):
    """A webhook or the API itself does not take dry runs, so that nobody can say what the change would do."""

    code = "no_dry_run"


class Unreachable(KubeError):
    """No connection came about, or no request was made of it: nothing was sent, so nothing was done."""

    code = "unreachable"


class Unreadable(KubeError):
    """No answer in time, or none that an API server writes, of what changed nothing: a read, a dry run, a refusal."""

    code = "unreadable"


class CutOff(KubeError):
    """The request was sent and no answer came that says what became of it."""

    code = "cut_off"
    may_be_done = True
