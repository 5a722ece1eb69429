"""Read what a change is about, and say why it cannot be made where that shows at once."""

from dataclasses import dataclass

from services.actions.domain.kinds import is_built_in
from services.actions.domain.objects import KubeObject
from services.actions.domain.remediations import REMEDIATIONS
from services.actions.domain.remediations.shape import (
    Objections,
    Remediation,
    Sight,
    Target,
    digest_target,
    fields_of,
    general_objections,
)
from services.actions.errors import (
    AdmissionRefused,
    Conflict,
    FieldsOwned,
    Forbidden,
    Invalid,
    KindNotServed,
    KubeError,
    NoDryRun,
    TargetNotFound,
    TooManyRequests,
)
from services.actions.ports import KubeClient, Selection
from shared.contracts.action import KubernetesPayload, NoPreview, NoPreviewReason
from shared.remediation_parameters import check_frozen

_REASONS: dict[type[KubeError], NoPreviewReason] = {
    TargetNotFound: NoPreviewReason.NOT_FOUND,
    KindNotServed: NoPreviewReason.NOT_FOUND,
    Forbidden: NoPreviewReason.FORBIDDEN,
    Invalid: NoPreviewReason.INVALID,
    AdmissionRefused: NoPreviewReason.ADMISSION_REFUSED,
    NoDryRun: NoPreviewReason.NO_DRY_RUN,
    Conflict: NoPreviewReason.CONFLICT,
    FieldsOwned: NoPreviewReason.CONFLICT,
    TooManyRequests: NoPreviewReason.BUSY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A change whose target was read; ``objections`` may still refuse it."""

    remediation: Remediation
    sight: Sight
    objections: Objections

    @property
    def digest(self) -> str:
        """What stands for the target as it was read."""
        return digest_target(self.remediation, self.sight)

    @property
    def fields(self) -> dict[str, object]:
        """What the change reads or writes, as it stands."""
        return fields_of(self.remediation, self.sight)

    @property
    def refusal(self) -> NoPreview | None:
        """Why the change is not possible for the object as it is; None where it is."""
        if not self.objections.refused:
            return None
        words = "; ".join(f"{place.rpartition('.')[2]} {text}" for place, text in self.objections.refused)
        return NoPreview(
            reason=NoPreviewReason.NOT_POSSIBLE, words=words, problems=_by_place(self.objections.refused)
        )  # fmt: skip


def look_at(payload: KubernetesPayload, client: KubeClient) -> Ready | NoPreview:
    """Return the change with what was read for it, or why it makes no sense. Raises ``KubeError`` of the reads."""
    if problems := tuple(check_frozen(payload)):
        words = "what is proposed cannot be meant"
        return NoPreview(reason=NoPreviewReason.NOT_POSSIBLE, words=words, problems=_by_place(problems))
    remediation = REMEDIATIONS[payload.verb]
    kind = client.find_kind(payload.kind)
    if kind is None:
        return _impossible("payload.kind", "is no kind of this server; write it with its group: plural.group")
    if remediation.kinds and not (is_built_in(kind) and kind.name in remediation.kinds):
        return _impossible("payload.kind", f"must be {' or '.join(sorted(remediation.kinds))}")
    if kind.is_namespaced != (payload.namespace is not None):
        text = "required: nothing takes a default namespace" if kind.is_namespaced else f"a {kind.name} has none"
        return _impossible("payload.namespace", text)
    target = Target(payload=payload, kind=kind)
    try:
        seen = client.read(kind, payload.namespace, payload.name)
    except TargetNotFound:
        if not remediation.may_make:
            raise
        seen = KubeObject()
    return _ready(remediation, target, seen, client)


def no_preview_of(error: KubeError) -> NoPreview:
    """Return why there is no preview, of what met the request for it."""
    reason = next((_REASONS[sort] for sort in type(error).__mro__ if sort in _REASONS), NoPreviewReason.UNAVAILABLE)
    return NoPreview(
        reason=reason,
        words=str(error),
        problems=error.causes if isinstance(error, Invalid) else {},
        needs=(error.rule,) if isinstance(error, Forbidden) else (),
    )


def _ready(remediation: Remediation, target: Target, seen: KubeObject, client: KubeClient) -> Ready:
    others: dict[str, tuple[KubeObject, ...] | None] = {}
    for look in remediation.looks(target, seen):
        try:
            others[look.name] = client.list(Selection(look.kind, look.namespace, look.labels, look.fields))
        except KubeError:
            if look.required:
                raise
            others[look.name] = None
    sight = Sight(target=target, object=seen, others=others)
    objections = general_objections(sight) + remediation.objections(sight)
    return Ready(remediation=remediation, sight=sight, objections=objections)


def _impossible(place: str, text: str) -> NoPreview:
    words = f"{place.rpartition('.')[2]} {text}"
    return NoPreview(reason=NoPreviewReason.NOT_POSSIBLE, words=words, problems={place: [text]})


def _by_place(problems: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for place, text in problems:
        found.setdefault(place, []).append(text)
    return found
