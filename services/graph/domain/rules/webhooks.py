"""Admission webhooks that cannot be called: their backend is gone or down, or calls to them fail."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.graph.domain.k8s.cluster import (
    MutatingWebhookConfiguration,
    ServiceReference,
    ValidatingWebhookConfiguration,
    Webhook,
)
from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.rules.outages import Why, outage_of
from services.graph.domain.rules.refusals import Refusal, refusals
from services.graph.domain.rules.showing import is_absent, is_leaving, shown, shown_absent, some_names
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

CONFIGURATIONS: tuple[type[KubeObject], ...] = (ValidatingWebhookConfiguration, MutatingWebhookConfiguration)
# What a webhook is called at where its reference names no port (admissionregistration/v1).
_DEFAULT_PORT = 443


@dataclass(frozen=True, slots=True)
class _Trouble:
    text: str
    seen: tuple[Seen, ...]
    culprit: Ref | None = None


def _webhooks(thing: KubeObject) -> Iterator[Webhook]:
    if isinstance(thing, ValidatingWebhookConfiguration | MutatingWebhookConfiguration):
        yield from thing.webhooks or ()


def _is_strict(webhook: Webhook) -> bool:
    return webhook.failure_policy in {None, "Fail"}


def _trouble(view: View, thing: KubeObject, webhook: Webhook) -> _Trouble | None:
    """Return why nobody answers at the Service of a webhook; None where somebody does, or may."""
    where = webhook.client_config.service
    if where is None or not where.name:
        return None
    target = Ref(Service.KIND, where.namespace, where.name)
    names = shown(thing, f"webhook {webhook.name} calls {target}", "webhooks[].clientConfig.service")
    if is_absent(view, Service, where.namespace, where.name):
        proof = shown_absent(view, Service, where.namespace, where.name)
        return _Trouble(f"{target} does not exist", (names, proof))
    service = view.inventory.find(Service, where.namespace, where.name)
    if service is None:
        return None
    if not _has_port(service, where):
        have = some_names(str(one.port) for one in service.spec.ports or ()) or "none"
        proof = shown(service, f"has the ports {have}", "spec.ports")
        return _Trouble(f"{target} has no port {where.port or _DEFAULT_PORT}", (names, proof))
    outage = outage_of(view, service)
    if outage is None or outage.why is Why.UNKNOWN:
        return None
    return _Trouble(f"{target} has no ready endpoint ({outage.why})", (names, *outage.seen), outage.culprit)


def _has_port(service: Service, where: ServiceReference) -> bool:
    wanted = where.port or _DEFAULT_PORT
    return service.spec.type == "ExternalName" or any(one.port == wanted for one in service.spec.ports or ())


def _refused_by(view: View, webhook: Webhook) -> list[Refusal]:
    return [one for one in refusals(view) if f'failed calling webhook "{webhook.name}"' in one.message]


def _blocks(view: View, thing: KubeObject) -> Iterable[Hit]:
    if is_leaving(view, thing):
        return
    for webhook in filter(_is_strict, _webhooks(thing)):
        trouble = _trouble(view, thing, webhook)
        if trouble is None:
            continue
        refused = _refused_by(view, webhook)
        what = _covers(webhook)
        yield Hit(
            thing.ref,
            f"{thing.ref} refuses {what}: webhook {webhook.name} cannot be called, {trouble.text}",
            (
                shown(thing, f"failurePolicy of {webhook.name} is Fail", "webhooks[].failurePolicy"),
                *trouble.seen,
                *(one.seen for one in refused[:3]),
            ),
            culprit=trouble.culprit,
            steps=((0.08, f"{len(refused)} objects were refused for it"),) if refused else (),
            explains=(thing.ref, *_refs(refused)),
            remedies=(_mend(thing, webhook),),
        )


def _refs(refused: list[Refusal]) -> list[Ref]:
    return sorted({ref for one in refused for ref in (one.of, one.top)}, key=str)


def _covers(webhook: Webhook) -> str:
    pairs = [
        f"{'/'.join(rule.operations or ['*'])} of {', '.join(rule.resources or ['*'])}" for rule in webhook.rules or ()
    ]
    return some_names(pairs, most=3) or "what it is called for"


def _mend(thing: KubeObject, webhook: Webhook) -> Remedy:
    return Remedy(
        f"Bring back the backend of {webhook.name}; or, if it is not wanted any more, delete {thing.ref}.",
        ("kubectl", "get", thing.KIND.lower(), thing.metadata.name, "-o", "yaml"),
        risk="low",
    )


def _calls_fail(view: View, thing: KubeObject) -> Iterable[Hit]:
    for webhook in _webhooks(thing):
        # A backend that is proven down is a finding of its own.
        refused = [] if _trouble(view, thing, webhook) else _refused_by(view, webhook)
        if refused:
            yield Hit(
                thing.ref,
                f"Calls to webhook {webhook.name} of {thing.ref} fail: {_reason(refused[0].message)}",
                tuple(one.seen for one in refused[:3]),
                explains=tuple(_refs(refused)),
                remedies=(_mend(thing, webhook),),
            )


def _reason(message: str) -> str:
    return message.split("failed to call webhook: ", 1)[-1]


def _skipped(view: View, thing: KubeObject) -> Iterable[Hit]:
    for webhook in _webhooks(thing):
        trouble = None if _is_strict(webhook) else _trouble(view, thing, webhook)
        if trouble:
            text = f"Webhook {webhook.name} of {thing.ref} is skipped silently: {trouble.text}"
            yield Hit(thing.ref, text, trouble.seen, culprit=trouble.culprit, remedies=(_mend(thing, webhook),))


RULES: tuple[Rule, ...] = (
    Rule(
        id="webhook-blocks",
        title="Webhook that must answer cannot be called",
        layer=Layer.PLATFORM,
        severity=Severity.CRITICAL,
        kinds=CONFIGURATIONS,
        condition="failurePolicy Fail, and its Service is proven absent, lacks the port, or has no ready endpoint.",
        explanation="Every request it is called for is refused: new pods, updates, sometimes everything.",
        remediation="Bring back its backend, or delete the configuration if it is a leftover.",
        base=0.9,
        check=_blocks,
        conditions=(79,),
        needs=(Service,),
    ),
    Rule(
        id="webhook-calls-fail",
        title="Calls to a webhook fail",
        layer=Layer.PLATFORM,
        severity=Severity.HIGH,
        kinds=CONFIGURATIONS,
        condition="Controllers that still lack pods were refused with 'failed calling webhook' and its name.",
        explanation="Its backend is there, or is an address outside; certificate, network or time-out stop the call.",
        remediation="Act on the error: renew caBundle, open the path, or raise the time-out.",
        base=0.82,
        check=_calls_fail,
        conditions=(79,),
    ),
    Rule(
        id="webhook-skipped",
        title="Webhook is skipped because nobody answers",
        layer=Layer.PLATFORM,
        severity=Severity.LOW,
        kinds=CONFIGURATIONS,
        condition="failurePolicy Ignore, and its Service is proven absent, lacks the port, or has no ready endpoint.",
        explanation="Requests go on without what the webhook would do, each after a wait.",
        remediation="Bring back its backend, or delete the configuration.",
        base=0.6,
        check=_skipped,
        conditions=(79,),
        needs=(Service,),
        is_advice=True,
    ),
)
