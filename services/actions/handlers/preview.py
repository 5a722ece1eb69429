"""Show what a change would do, by a dry run on the server that would do it."""

import msgspec

from services.actions.domain.diff import make_diff
from services.actions.domain.draining import Fate, describe, sort_pods
from services.actions.domain.masking import Mask
from services.actions.domain.remediations.nodes import PODS, Drain
from services.actions.domain.remediations.pods import evict, grace_of
from services.actions.domain.requests import bind
from services.actions.errors import BudgetRefuses, Conflict, KubeError, TargetNotFound
from services.actions.handlers.looking import Ready, look_at, no_preview_of
from services.actions.ports import KubeClient
from shared.contracts.action import KubernetesPayload, NoPreview, NoPreviewReason, PreviewOutcome

_MOST_LOOKS = 3
_MOST_FIELD_BYTES = 2_000
# A node runs 110 pods by default; what a dry run says of more of them is left to the eviction itself.
_MOST_EVICTIONS = 250


def preview(target: KubernetesPayload, client: KubeClient) -> PreviewOutcome:
    """Return what ``target`` would do now, and the digest of what it would do it to. Changes nothing.

    Never raises for what a server answers: there is no preview then, and the outcome says why.
    """
    outcome = _preview_once(target, client)
    for _ in range(_MOST_LOOKS - 1):
        # Its status changed between reading and trying; the next look sees what is there now.
        if outcome.no_preview is None or outcome.no_preview.reason is not NoPreviewReason.CONFLICT:
            break
        outcome = _preview_once(target, client)
    return outcome


def show(ready: Ready, client: KubeClient) -> PreviewOutcome:
    """Return what a change whose target was read would do. Raises nothing, as ``preview``."""
    known = PreviewOutcome(
        target_digest=ready.digest,
        uid=ready.sight.object.uid or None,
        fields=_shown(ready.fields),
        warnings=ready.objections.warnings,
    )
    if refusal := ready.refusal:
        return msgspec.structs.replace(known, no_preview=refusal)
    remediation, sight = ready.remediation, ready.sight
    known = msgspec.structs.replace(known, needs=remediation.needs(sight))
    try:
        answer = client.write(bind(remediation.write(sight), sight.object), dry_run=True)
        more = _try_evictions(ready, client) if isinstance(remediation, Drain) else ()
    except KubeError as error:
        return msgspec.structs.replace(known, no_preview=no_preview_of(error))
    after = remediation.after(sight, answer)
    diff, truncated = make_diff(sight.object, after)
    undo, words = remediation.undo(sight, after)
    return msgspec.structs.replace(
        known,
        diff=diff,
        truncated=truncated,
        warnings=known.warnings + more,
        rollback=undo,
        rollback_words=words,
    )


def _preview_once(target: KubernetesPayload, client: KubeClient) -> PreviewOutcome:
    try:
        ready = look_at(target, client)
    except KubeError as error:
        return PreviewOutcome(no_preview=no_preview_of(error))
    return PreviewOutcome(no_preview=ready) if isinstance(ready, NoPreview) else show(ready, client)


def _try_evictions(ready: Ready, client: KubeClient) -> tuple[str, ...]:
    """Return what stands in the way of evicting each pod right now."""
    warnings = []
    pods = sort_pods(ready.sight.other(PODS), ready.sight.parameters)[Fate.EVICT]
    for pod in pods[:_MOST_EVICTIONS]:
        try:
            client.write(bind(evict(pod, pod.namespace, grace_of(ready.sight)), pod), dry_run=True)
        except BudgetRefuses:
            warnings.append(f"its PodDisruptionBudget allows no eviction now of {describe(pod)}")
        except (Conflict, TargetNotFound):
            # The pod changed or ended by itself.
            continue
    return tuple(warnings)


def _shown(fields: dict[str, object]) -> dict[str, object]:
    """Return fields for people: secrets masked, long values cut."""
    mask = Mask()
    shown: dict[str, object] = {}
    for name, value in fields.items():
        clean = mask.value(value, name)
        size = len(msgspec.json.encode(clean))
        shown[name] = clean if size <= _MOST_FIELD_BYTES else f"… {size:,} bytes, not shown here"
    return shown
