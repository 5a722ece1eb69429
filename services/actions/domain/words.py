"""The command that shows a person what became of a change."""

from shlex import join

from services.actions.domain.kinds import NODE, Kind
from shared.contracts.action import KubernetesPayload


def look_command(payload: KubernetesPayload, kind: Kind) -> str:
    """Return the kubectl command that shows the object, quoted for a shell that a person types it into."""
    return _get(payload.context, payload.namespace, kind, payload.name)


def look_at_pod_command(context: str, namespace: str | None, pod: str) -> str:
    """Return the kubectl command that shows a pod with its uid and whether it is ending."""
    place = ("-n", namespace) if namespace else ()
    return join(("kubectl", "--context", context, *place, "get", "pods", pod, "-o", "yaml", "--ignore-not-found"))


def look_at_node_command(payload: KubernetesPayload) -> str:
    """Return the kubectl command that shows which pods a node still has."""
    pods = ("get", "pods", "-A", "-o", "wide", "--field-selector", f"spec.nodeName={payload.name}")
    node = _get(payload.context, None, NODE, payload.name)
    return f"{node} && {join(('kubectl', '--context', payload.context, *pods))}"


def _get(context: str, namespace: str | None, kind: Kind, name: str) -> str:
    place = ("-n", namespace) if namespace else ()
    return join(
        ("kubectl", "--context", context, *place, "get", kind.api, name, "-o", "yaml", "--ignore-not-found",
         "--show-managed-fields")
    )  # fmt: skip
