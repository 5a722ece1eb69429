"""Quotas and limits that keep pods from being made, and quotas that are nearly used up."""

import re
from collections.abc import Iterable

from services.graph.domain.evidence.quantities import share
from services.graph.domain.k8s.cluster import LimitRange, ResourceQuota
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.rules.refusals import Refusal, refusals
from services.graph.domain.rules.showing import is_leaving, on, shown, some_names
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

_NEARLY = 0.9
# What the LimitRanger says (plugin/pkg/admission/limitranger): "maximum cpu usage per Container is 1, but limit is 2".
_LIMIT = re.compile(r"(maximum|minimum) (\S+) usage per (Container|Pod|PersistentVolumeClaim) is")
_RATIO = re.compile(r"(\S+) max limit to request ratio per (Container|Pod) is")


def _shares(quota: ResourceQuota) -> dict[str, float]:
    hard, used = quota.status.hard or quota.spec.hard or {}, quota.status.used or {}
    found = {name: share(used.get(name), limit) for name, limit in hard.items()}
    return {name: part for name, part in found.items() if part is not None}


def _usage(quota: ResourceQuota, names: Iterable[str]) -> list[Seen]:
    hard, used = quota.status.hard or quota.spec.hard or {}, quota.status.used or {}
    return [shown(quota, f"{one}: {used.get(one)} of {hard.get(one)} used", f"status.used[{one}]") for one in names]


def _refs(refused: list[Refusal]) -> tuple[Ref, ...]:
    return tuple(sorted({ref for one in refused for ref in (one.of, one.top)}, key=str))


def _exceeded(view: View, quota: ResourceQuota) -> Iterable[Hit]:
    word = re.compile(rf"exceeded quota: {re.escape(quota.metadata.name)}(,|$)")
    space = quota.metadata.namespace
    refused = [one for one in refusals(view) if one.of.namespace == space and word.search(one.message)]
    if not refused or is_leaving(view, quota):
        return
    asked = re.search(r"requested: (.+?), used", refused[0].message)
    names = [pair.split("=")[0] for pair in re.split(r",\s*", asked.group(1))] if asked else []
    tops = some_names(str(one.top) for one in refused)
    yield Hit(
        quota.ref,
        f"{quota.ref} is used up: {tops} cannot make pods",
        (*(one.seen for one in refused[:3]), *_usage(quota, names[:4])),
        steps=_is_full(quota, names),
        explains=_refs(refused),
        remedies=(Remedy(f"Raise {some_names(names) or 'the limit'} in {quota.ref}, or make {tops} ask for less."),),
    )


def _is_full(quota: ResourceQuota, names: list[str]) -> tuple[tuple[float, str], ...]:
    shares = _shares(quota)
    if any(shares.get(name, 0.0) >= 1.0 for name in names):
        return ((0.05, "its status says that it is used up"),)
    return ()


def _nearly_full(_view: View, quota: ResourceQuota) -> Iterable[Hit]:
    names = sorted(name for name, part in _shares(quota).items() if part >= _NEARLY)
    if names:
        yield Hit(quota.ref, f"{quota.ref} is nearly used up: {some_names(names)}", tuple(_usage(quota, names)))


def _limited(view: View, limits: LimitRange) -> Iterable[Hit]:
    refused = [one for one in refusals(view) if one.of.namespace == limits.metadata.namespace]
    refused = [one for one in refused if _is_about(limits, one.message)]
    if not refused:
        return
    is_newer = _came_after(view, limits, refused[0])
    tops = some_names(str(one.top) for one in refused)
    yield Hit(
        limits.ref,
        f"{limits.ref} refuses the pods of {tops}: {refused[0].message}",
        (*(one.seen for one in refused[:3]), shown(limits, "sets that limit", "spec.limits")),
        # A workload that came into limits which stood already is what does not fit.
        culprit=None if is_newer else refused[0].top,
        steps=((0.2, "it is newer than what it refuses"),) if is_newer else (),
        explains=_refs(refused),
        remedies=(Remedy(f"Make {tops} ask for what {limits.ref} allows, or change its limits."),),
    )


def _came_after(view: View, limits: LimitRange, refused: Refusal) -> bool:
    found = view.inventory.find_ref(refused.of)
    made, was = limits.metadata.creation_timestamp, found.metadata.creation_timestamp if found else None
    return made is not None and was is not None and made > was


def _is_about(limits: LimitRange, message: str) -> bool:
    found = _LIMIT.search(message)
    if found:
        bound, resource, kind = found.groups()
        items = [one for one in limits.spec.limits or () if one.type == kind]
        return any(resource in ((one.max if bound == "maximum" else one.min) or {}) for one in items)
    ratio = _RATIO.search(message)
    return bool(ratio) and any(one.type == (ratio.group(2) if ratio else "") for one in limits.spec.limits or ())


RULES: tuple[Rule, ...] = (
    Rule(
        id="quota-exceeded",
        title="Quota keeps pods from being made",
        layer=Layer.PLATFORM,
        severity=Severity.HIGH,
        kinds=(ResourceQuota,),
        condition="A controller that still lacks pods was refused with 'exceeded quota' and the name of this one.",
        explanation="The namespace has used what it may; nothing more is made until something goes or the quota grows.",
        remediation="Raise the quota, or ask for less.",
        base=0.88,
        check=on(ResourceQuota, _exceeded),
        conditions=(31,),
    ),
    Rule(
        id="quota-nearly-full",
        title="Quota is nearly used up",
        layer=Layer.PLATFORM,
        severity=Severity.LOW,
        kinds=(ResourceQuota,),
        condition="Nine tenths or more of a limit above zero are used.",
        explanation="The next pods may be refused.",
        remediation="Raise the quota in time, or free some.",
        base=0.5,
        check=on(ResourceQuota, _nearly_full),
        conditions=(31,),
        is_advice=True,
    ),
    Rule(
        id="limit-range-refuses",
        title="LimitRange refuses pods",
        layer=Layer.PLATFORM,
        severity=Severity.HIGH,
        kinds=(LimitRange,),
        condition="A controller that still lacks pods was refused for a maximum, minimum or ratio this one sets.",
        explanation="Requests or limits of the template are outside of what the namespace allows.",
        remediation="Change the template, or the LimitRange.",
        base=0.7,
        check=on(LimitRange, _limited),
        conditions=(31,),
    ),
)
