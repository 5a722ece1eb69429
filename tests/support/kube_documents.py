"""The documents of discovery, in both forms: all at once, and group by group."""

from collections.abc import Collection
from typing import Any

from tests.support.kube_world import KubeWorld, Place

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_VERBS = ["get", "list", "watch"]


def aggregated(world: KubeWorld, root: str, stale: Collection[str]) -> dict[str, Any]:
    """Return everything under ``root`` in one document; of groups in ``stale`` only the names are known."""
    items = [
        {
            "metadata": {"name": group} if group else {"creationTimestamp": None},
            "versions": [
                {
                    "version": version,
                    "freshness": "Stale" if group in stale else "Current",
                    "resources": [] if group in stale else [_aggregated_resource(world, place) for place in places],
                }
                for version, places in versions.items()
            ],
        }
        for group, versions in world.groups().items()
        if bool(group) == (root == "/apis")
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def groups(world: KubeWorld) -> dict[str, Any]:
    """Return the list of groups."""
    found = []
    for group, versions in world.groups().items():
        named = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
        if group:
            found.append({"name": group, "versions": named, "preferredVersion": named[0]})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def core_versions() -> dict[str, Any]:
    """Return the versions of the core API."""
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": "192.0.2.10:6443"}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}


def resources(world: KubeWorld, group: str, version: str) -> dict[str, Any] | None:
    """Return the resources of one version of a group; None where it is not served."""
    places = world.groups().get(group, {}).get(version)
    if places is None:
        return None
    listed = [
        {
            "name": place.plural,
            "singularName": "",
            "namespaced": world.is_namespaced(place),
            "kind": world.kind_of(place),
            "verbs": _VERBS,
        }
        for place in places
    ]
    named = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": named, "resources": listed}


def _aggregated_resource(world: KubeWorld, place: Place) -> dict[str, Any]:
    return {
        "resource": place.plural,
        "responseKind": {"group": "", "version": "", "kind": world.kind_of(place)},
        "scope": "Namespaced" if world.is_namespaced(place) else "Cluster",
        "singularResource": "",
        "verbs": _VERBS,
    }
