"""Which Services the configuration of a pod names: the next hop of a person who asks where requests go."""

import re
from collections.abc import Iterator

from services.graph.domain.k8s.config import ConfigMap
from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.pods import Container
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.walking.pod_references import containers_of, pod_spec_of

# A host as configuration writes it: a name, perhaps with its namespace and what follows it in cluster DNS.
_HOST = re.compile(r"(?<![\w.-])([a-z](?:[a-z0-9-]*[a-z0-9])?)(?:\.([a-z0-9](?:[a-z0-9-]*[a-z0-9])?))?(?:\.svc[\w.]*)?")
_ADDRESS = re.compile(r"://|:\d{2,5}\b|\.svc\b|^[a-z0-9.-]+$")
_MOST_CHARACTERS = 4_096


def called_services(inventory: Inventory, thing: KubeObject) -> list[Service]:
    """Return the Services that were seen and that the environment, arguments or ConfigMaps of the pods name."""
    spec = pod_spec_of(thing)
    if spec is None:
        return []
    namespace = thing.metadata.namespace
    found: dict[Ref, Service] = {}
    for container in containers_of(spec):
        for value in _values(inventory, container, namespace):
            for name, where in _hosts(value):
                service = inventory.find(Service, where or namespace, name)
                if service is not None:
                    found.setdefault(service.ref, service)
    return list(found.values())


def _hosts(value: str) -> Iterator[tuple[str, str]]:
    value = value[:_MOST_CHARACTERS]
    if _ADDRESS.search(value):
        for match in _HOST.finditer(value):
            yield match[1], match[2] or ""


def _values(inventory: Inventory, container: Container, namespace: str | None) -> Iterator[str]:
    yield from container.command or ()
    yield from container.args or ()
    for variable in container.env or ():
        if variable.value:
            yield variable.value
        key = variable.value_from.config_map_key_ref if variable.value_from else None
        if key and key.name:
            config = inventory.find(ConfigMap, namespace, key.name)
            yield from [config.values[key.key]] if config and key.key in config.values else []
    for origin in container.env_from or ():
        if origin.config_map_ref and origin.config_map_ref.name:
            config = inventory.find(ConfigMap, namespace, origin.config_map_ref.name)
            yield from config.values.values() if config else ()
