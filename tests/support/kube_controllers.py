"""The stand-in API server with the little of controllers that a change of a Deployment waits for.

No timer: they take a step whenever something is read, so who looks often enough sees the rollout go on and end.
"""

from dataclasses import dataclass
from typing import Any

from tests.support.kube_requests import Target
from tests.support.kube_wire import Exchange
from tests.support.kube_world import Item, Place
from tests.support.kube_writes import WritableKube, WriteSeen

_DEPLOYMENTS = Place("apps", "v1", "deployments")


@dataclass
class ControlledKube(WritableKube):
    """The server's state. Without ``starts_pods`` it is a control plane without a machine that runs pods."""

    starts_pods: bool = True

    def answer(self, exchange: Exchange) -> None:
        """Answer one request, after its controllers took a step if it is a read."""
        if exchange.method == "GET":
            with self.lock:
                for item in self.world.lists.get(_DEPLOYMENTS, []):
                    self._roll(item)
        super().answer(exchange)

    def _roll(self, item: Item) -> None:
        """Take one step of a rollout: see the change, then have every pod new and ready."""
        wanted, generation = item["spec"].get("replicas", 1), item["metadata"]["generation"]
        status: Item = item.get("status", {})
        if status.get("observedGeneration") != generation:
            self.touch(item, observedGeneration=generation, updatedReplicas=0, unavailableReplicas=wanted)
        elif self.starts_pods and (status.get("updatedReplicas"), status.get("replicas")) != (wanted, wanted):
            counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"), wanted)
            self.touch(item, unavailableReplicas=0, **counts)

    def _delete(self, seen: WriteSeen, target: Target, item: Item, options: dict[str, Any]) -> Item:
        answer = super()._delete(seen, target, item, options)
        if target.place.plural == "namespaces" and not seen.is_dry:
            for items in self.world.lists.values():
                items[:] = [one for one in items if one["metadata"].get("namespace") != target.name]
        return answer
