"""What the suite makes in a cluster, changes as somebody else would, and takes away again."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import sleep
from typing import Any

from services.actions.domain.kinds import DEPLOYMENT, NODE, Kind
from services.actions.domain.objects import KubeObject
from services.actions.domain.requests import Media, Method, Write
from services.actions.errors import Forbidden, KubeError, TargetNotFound
from services.actions.ports import KubeClient

NAMESPACE = Kind("Namespace", "", "v1", "namespaces", is_namespaced=False)
NAME = "web"
PART_OF = {"app.kubernetes.io/part-of": "faultline-test"}
_TRIES = 5
# For clusters that let in nothing less: the "restricted" Pod Security Standard.
_CONTAINER_SECURITY = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
_POD_SECURITY = {"runAsNonRoot": True, "runAsUser": 65535, "seccompProfile": {"type": "RuntimeDefault"}}


@dataclass(slots=True)
class Stage:
    """A namespace of our own, with one Deployment."""

    client: KubeClient
    namespace: str
    # Whether there is, or might be, something to take away.
    may_be_there: bool = False

    def make_namespace(self) -> None:
        """Make the namespace. Raises ``KubeError``."""
        # Before it is sent: whoever is told to end while it is under way does not know what became of it.
        self.may_be_there = True
        try:
            self._create(NAMESPACE, None, self.namespace, {"metadata": {"name": self.namespace, "labels": PART_OF}})
        except KubeError as error:
            self.may_be_there = error.may_be_done
            raise

    def make_deployment(self, image: str) -> None:
        """Make the Deployment. Raises ``KubeError``."""
        self._create(DEPLOYMENT, self.namespace, NAME, _deployment(self.namespace, image))

    def read(self) -> KubeObject:
        """Return the Deployment."""
        return self.client.read(DEPLOYMENT, self.namespace, NAME)

    def somebody_patches(self, body: Mapping[str, Any]) -> None:
        """Change the Deployment as somebody else would, who asks nobody."""
        self.client.write(_patch(DEPLOYMENT, self.namespace, NAME, body), dry_run=False)

    def clear(self) -> None:
        """Take the namespace away with all that is in it; what was never made is no trouble. Raises ``KubeError``."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        write = Write(method=Method.DELETE, kind=NAMESPACE, namespace=None, name=self.namespace, body=body)
        with suppress(TargetNotFound):
            _insist(self.client, write)

    def _create(self, kind: Kind, namespace: str | None, name: str, manifest: Mapping[str, Any]) -> None:
        body = {"apiVersion": kind.api_version, "kind": kind.name, **manifest}
        write = Write(method=Method.POST, kind=kind, namespace=namespace, name=name, body=body)
        self.client.write(write, dry_run=False)


def somebody_patches_node(client: KubeClient, node: str, *, cordoned: bool) -> None:
    """Cordon a node, or let pods come to it again, as somebody else would."""
    client.write(_patch(NODE, None, node, _cordon(cordoned=cordoned)), dry_run=False)


def let_pods_come_again(client: KubeClient, node: str) -> None:
    """Leave a node as it was found: the suite takes none that was cordoned. Raises ``KubeError``."""
    _insist(client, _patch(NODE, None, node, _cordon(cordoned=False)))


def _cordon(*, cordoned: bool) -> dict[str, Any]:
    return {"spec": {"unschedulable": True if cordoned else None}}


def _patch(kind: Kind, namespace: str | None, name: str, body: Mapping[str, Any]) -> Write:
    return Write(method=Method.PATCH, kind=kind, namespace=namespace, name=name, media=Media.MERGE, body=dict(body))


def _insist(client: KubeClient, write: Write) -> None:
    """Clean up, again where that may help: here doing it twice does no harm."""
    for tried in range(1, _TRIES + 1):
        try:
            client.write(write, dry_run=False)
        except KubeError as error:
            if tried == _TRIES or isinstance(error, (TargetNotFound, Forbidden)):
                raise
            sleep(tried)
        else:
            return


def _deployment(namespace: str, image: str) -> dict[str, Any]:
    labels = {"app": NAME}
    container = {
        "name": NAME,
        "image": image,
        "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"cpu": "50m", "memory": "32Mi"}},
        "securityContext": _CONTAINER_SECURITY,
    }
    pod = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": _POD_SECURITY,
        "containers": [container],
    }
    return {
        "metadata": {"name": NAME, "namespace": namespace, "labels": PART_OF},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
