"""Rules for images that cannot be pulled."""

import re
from collections.abc import Callable, Iterator

from services.graph.domain.evidence.blame import inferred_step
from services.graph.domain.evidence.change_evidence import change_before
from services.graph.domain.evidence.pod_state import Part, is_concern, parts_of
from services.graph.domain.evidence.witness import events_about, seen, seen_event
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_PULLING = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable"}
# Said by containerd, CRI-O and the registries. A registry that hides what is private says both that it does not
# exist and that it may need authorization: the words of authorization are the more telling.
_CLASSES = (
    ("platform", re.compile(r"no match for platform|exec format", re.IGNORECASE)),
    (
        "unauthorized",
        re.compile(
            r"unauthorized|authorization failed|authentication required|no basic auth|pull access denied|denied"
            r"|\b40[13]\b|forbidden|insufficient_scope",
            re.IGNORECASE,
        ),
    ),
    (
        "not-found",
        re.compile(r"not found|manifest unknown|NotFound|does not exist|name unknown|\b404\b", re.IGNORECASE),
    ),
    ("rate-limited", re.compile(r"toomanyrequests|rate limit|\b429\b", re.IGNORECASE)),
    (
        "unreachable",
        re.compile(
            r"timeout|deadline exceeded|no such host|connection refused|i/o|no route|x509|certificate|TLS"
            r"|server misbehaving|EOF|unavailable|\b50[0234]\b",
            re.IGNORECASE,
        ),
    ),
)


def classify_pull(reason: str, message: str) -> str:
    """Return the class of a failed pull; ``other`` where the message tells none."""
    if reason == "InvalidImageName" or "InvalidImageName" in message or "couldn't parse image" in message:
        return "invalid-name"
    if reason == "ErrImageNeverPull" or "ErrImageNeverPull" in message:
        return "never-pulled"
    # Addresses hold digits and words of their own; what matters is what stands beside them.
    told = re.sub(r'"[^"]*"|\S+/\S+', " ", message)
    return next((name for name, words in _CLASSES if words.search(told)), "other")


def _checks(wanted: str) -> Callable[[View, KubeObject], Iterator[Hit]]:
    def check(view: View, thing: KubeObject) -> Iterator[Hit]:
        if not isinstance(thing, Pod) or not is_concern(view.inventory, thing):
            return
        for part in parts_of(thing):
            if part.waits_for in _PULLING or part.waits_for == "InvalidImageName":
                message = _message(view, thing, part)
                if classify_pull(part.waits_for, message) == wanted:
                    yield _hit(view, thing, part, wanted, message)

    return check


def _message(view: View, pod: Pod, part: Part) -> str:
    told = (part.waiting.message or "") if part.waiting else ""
    # "Back-off pulling image" alone says nothing; servers before 1.31 leave the cause to the Event.
    if classify_pull(part.waits_for, told) != "other":
        return told
    events = [one for one in events_about(view, pod, "Failed", "InspectFailed") if _is_of(part, one.about.field_path)]
    return next((one.message for one in events if "pull" in one.message.lower()), told)


def _is_of(part: Part, field_path: str | None) -> bool:
    return not field_path or field_path.endswith(f"{{{part.name}}}")


def _hit(view: View, pod: Pod, part: Part, wanted: str, message: str) -> Hit:
    owner = top_owner(view.inventory, pod)
    image = (part.spec.image if part.spec else None) or part.status.image or "its image"
    summary = f"Container {part.name} has no image: {image} {_SAYS[wanted]}."
    marks = [seen(pod, f"{part.path}.state.waiting", f"{part.waits_for}: {message}")]
    marks += [seen_event(one) for one in events_about(view, pod, "Failed", "BackOff", "InspectFailed")[:2]]
    changed, steps, undo = change_before(view.inventory, owner, None, "image")
    return Hit(
        subject=pod.ref,
        summary=summary,
        seen=(*marks, *changed),
        culprit=owner,
        steps=(*steps, *inferred_step(view, pod)),
        explains=(pod.ref,),
        remedies=(*undo, Remedy(f"{_REMEDIES[wanted]} ({image})")),
    )


_SAYS = {
    "not-found": "does not exist in its registry",
    "unauthorized": "may not be pulled: the registry refuses, or hides, it",
    "unreachable": "cannot be fetched: the registry does not answer",
    "rate-limited": "is refused for now: too many pulls",
    "invalid-name": "is no valid name of an image",
    "never-pulled": "is not on the node, and the policy is never to pull",
    "platform": "is not built for the processor of the node",
    "other": "cannot be pulled",
}
_REMEDIES = {
    "not-found": "Name a tag or digest that exists",
    "unauthorized": "Give the pod or its service account a pull secret for the registry, or mend the name",
    "unreachable": "See to the registry and to the way of the node to it: DNS, proxy, firewall, certificates",
    "rate-limited": "Pull with an account, through a mirror, or wait",
    "invalid-name": "Mend the name of the image",
    "never-pulled": "Put the image on the node, or set imagePullPolicy IfNotPresent",
    "platform": "Build the image for the node's processor, or select other nodes",
    "other": "Read the message of the pull",
}


def _rule(name: str) -> Rule:
    return Rule(
        id=f"image-{name}",
        title=f"An image {_SAYS[name]}",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition=f"a container waits with an image pull error whose message is of the class {name}",
        explanation="A container without an image never starts. The pull is tried again, more and more rarely.",
        remediation=f"{_REMEDIES[name]}.",
        base=0.9 if name != "other" else 0.85,
        check=_checks(name),
        conditions=(5, 13),
    )


RULES: tuple[Rule, ...] = tuple(_rule(name) for name in _SAYS)
