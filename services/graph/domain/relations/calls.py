"""Who calls whom, as configuration says: hosts in variables, arguments and ConfigMaps that are Services."""

from collections.abc import Iterator
from typing import NamedTuple

from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.pods import Pod, PodSpec
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.relations.addresses import Address, find_addresses
from services.graph.domain.relations.call_words import (
    Word,
    is_address_name,
    is_list_of_hosts,
    is_never_address,
    is_other_name,
    is_own_address,
    words_of,
)
from services.graph.domain.relations.drawing import Drawing, Link, origin_of, presence_of
from services.graph.domain.relations.templates import template_of, templates_of
from services.graph.domain.topology.graph import EdgeState, Relation
from services.graph.domain.topology.layers import Layer

CALLS = Link(
    Relation.CALLS,
    Layer.APP,
    "Configuration names this Service as a host; that it is called was not seen, only that it is meant.",
    0.7,
)
NAMED_IN_FULL, NAMED_PLAINLY, UNSEEN, NAMED_BY_A_WORD = 0.8, 0.7, 0.6, 0.5
_LEAST_PORT = 80
# Words that are namespaces here and domains elsewhere.
_DOMAINS = frozenset({"ai", "app", "cloud", "com", "dev", "io", "local", "net", "org", "tech", "internal", "test"})


class Call(NamedTuple):
    """A Service that configuration names. ``port`` None: none was said. ``value_host`` is the host, and no more."""

    source: Ref
    target: Ref
    state: EdgeState
    source_field: str
    value_host: str
    port: int | None
    confidence: float
    note: str = ""


class CallFinder:
    """Finds calls; remembers the texts it has read, so one is best made for many workloads."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._read: dict[str, tuple[Address, ...]] = {}

    def calls_of(self, thing: KubeObject) -> tuple[Call, ...]:
        """Return the calls of a workload, or of a pod, each Service once for each port; the surest first seen."""
        if isinstance(thing, Pod):
            return self._find(thing, thing.spec, thing.labels, "spec")
        found = template_of(thing)
        if found is None:
            return ()
        spec, meta, path = found
        return self._find(thing, spec, (meta.labels if meta else None) or {}, path)

    def _find(self, thing: KubeObject, spec: PodSpec, labels: dict[str, str], path: str) -> tuple[Call, ...]:
        source, found = thing.ref, dict[tuple[Ref, int | None], Call]()
        aliases = {name for alias in spec.host_aliases or () for name in alias.hostnames or ()}
        for word in words_of(self.inventory, thing.metadata.namespace, spec, path):
            for address in self._addresses(word.text):
                if address.host in aliases:
                    continue
                call = self._judge(source, word, address)
                if call is None or self._is_itself(call.target, thing, labels):
                    continue
                before = found.get((call.target, call.port))
                if before is None or before.confidence < call.confidence:
                    found[call.target, call.port] = call
        return tuple(found.values())

    def _addresses(self, text: str) -> tuple[Address, ...]:
        known = self._read.get(text)
        if known is None:
            known = self._read[text] = find_addresses(text)
        return known

    def _is_itself(self, target: Ref, thing: KubeObject, labels: dict[str, str]) -> bool:
        """Answer whether the Service leads back to the same pods: members of one cluster, or its own name."""
        if target.namespace != thing.metadata.namespace:
            return False
        service = self.inventory.find(Service, target.namespace, target.name)
        selector = (service.spec.selector if service else None) or {}
        return bool(selector) and selector.items() <= labels.items()

    def _judge(self, source: Ref, word: Word, address: Address) -> Call | None:
        """Return the call an address is; None for a word that may as well be something else."""
        target = self._target(source.namespace, address)
        if target is None or _says_otherwise(word, address):
            return None
        service = self.inventory.find(Service, target.namespace, target.name)
        if service is None:
            if not _must_be_service(word, address):
                return None
            confidence = _unseen_confidence(word, address)
        else:
            confidence = _confidence(word, address)
        state = presence_of(self.inventory, target)
        note = _say_port(service, address.port) if service else ""
        return Call(source, target, state, word.path, address.host, address.port, confidence, note)

    def _target(self, namespace: str | None, address: Address) -> Ref | None:
        if address.namespace is None or address.is_cluster_name:
            return Ref("Service", address.namespace or namespace, address.service)
        first = Ref("Service", address.namespace, address.service)
        if self.inventory.find_ref(first) is not None:
            return first
        if address.also is not None:
            second = Ref("Service", address.also[1] or namespace, address.also[0])
            if self.inventory.find_ref(second) is not None:
                return second
        return first if self._is_namespace(address.namespace) else None

    def _is_namespace(self, name: str) -> bool:
        if self.inventory.find(Namespace, None, name) is not None:
            return True
        return bool(self.inventory.in_namespace(Service, name) or self.inventory.in_namespace(Pod, name))


def _must_be_service(word: Word, address: Address) -> bool:
    """Answer whether a host that is no Service we saw was meant as one."""
    if address.is_cluster_name:
        return True
    name = word.name or ""
    if word.is_file or address.host.count(".") > 1 or is_other_name(name) or is_own_address(name):
        return False
    if address.namespace is not None and address.namespace in _DOMAINS:
        return False
    if not address.is_plain and address.namespace is None and address.host != word.text.lower():
        # One word of many, as in `host=db user=app`: which is the host is not known.
        return False
    if address.has_scheme or is_address_name(name):
        return True
    # In an argument without a flag `name:7` is as likely an image or a file.
    return bool(name) and address.port is not None and address.port >= _LEAST_PORT


def _confidence(word: Word, address: Address) -> float:
    if address.is_cluster_name:
        return NAMED_IN_FULL
    is_plain = address.is_plain or address.namespace is not None or is_address_name(word.name or "")
    return NAMED_PLAINLY if is_plain else NAMED_BY_A_WORD


def _unseen_confidence(word: Word, address: Address) -> float:
    """A word without domain may be resolved by what is no cluster's: a node's search list, a proxy."""
    if address.is_cluster_name:
        return NAMED_IN_FULL
    return UNSEEN if address.has_scheme or is_address_name(word.name or "") else NAMED_BY_A_WORD


def _says_otherwise(word: Word, address: Address) -> bool:
    """Answer whether a word that could be a Service's name is something else where it stands: DB_NAME, an image."""
    if is_list_of_hosts(word.name or ""):
        return True
    if address.is_cluster_name or address.has_scheme:
        return False
    if address.is_plain or address.namespace is not None:
        return is_never_address(word.name or "")
    return is_other_name(word.name) if word.name is not None else not word.is_script


def _say_port(service: Service, port: int | None) -> str:
    # Headless: the pods themselves are called, on any port they like.
    if port is None or service.spec.cluster_ip == "None" or service.spec.type == "ExternalName":
        return ""
    ports = service.spec.ports or ()
    return "" if any(one.port == port for one in ports) else f"the Service has no port {port}"


def calls_of(inventory: Inventory, thing: KubeObject) -> tuple[Call, ...]:
    """Return the calls of one workload or pod; ``CallFinder`` is for many."""
    return CallFinder(inventory).calls_of(thing)


def _callers(inventory: Inventory) -> Iterator[KubeObject]:
    for template in templates_of(inventory):
        yield template.workload
    for pod in inventory.all(Pod):
        if inventory.controller_of(pod) is None:
            yield pod


def draw_calls(drawing: Drawing) -> None:
    """Draw workload → Service; of pods only where what made them was not read."""
    finder = CallFinder(drawing.inventory)
    for thing in _callers(drawing.inventory):
        origin, drawn = origin_of(thing), set[Ref]()
        for call in finder.calls_of(thing):
            # One edge for a Service, whatever its ports; a second only to say that a port is wrong.
            if call.target in drawn and not call.note:
                continue
            drawn.add(call.target)
            drawing.judge(
                origin,
                CALLS,
                call.target,
                call.source_field,
                state=call.state,
                note=call.note,
                confidence=call.confidence,
            )
