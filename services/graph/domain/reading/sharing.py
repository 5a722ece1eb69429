"""Equal parts of objects held once: pods of one workload differ in their names, and in little else."""

from collections.abc import Callable, Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from services.graph.domain.k8s.events import Event
from services.graph.domain.k8s.network import EndpointSlice, Service
from services.graph.domain.k8s.pods import Container, ContainerStatus, Pod, PodSpec, PodTemplate
from services.graph.domain.k8s.shape import Condition, KubeObject, LabelSelector, ObjectMeta

T = TypeVar("T")

# Parts that are equal in all pods of a workload, most of them in all pods of a cluster.
_OF_SPEC = (
    "node_selector", "affinity", "tolerations", "image_pull_secrets", "scheduling_gates", "security_context",
    "service_account_name", "restart_policy", "dns_policy", "priority_class_name", "scheduler_name",
)  # fmt: skip
_OF_CONTAINER = (
    "name", "image", "image_pull_policy", "command", "args", "ports", "env", "env_from", "resources",
    "liveness_probe", "readiness_probe", "startup_probe", "security_context",
)  # fmt: skip
_get_of_spec, _get_of_container = attrgetter(*_OF_SPEC), attrgetter(*_OF_CONTAINER)
_get_of_condition = attrgetter("type", "status", "reason", "message")
_WORDS_OF_STATUS = ("phase", "qos_class", "host_ip")
_WORDS_OF_EVENT = ("type", "reason", "message", "component")
_WORDS_OF_OBJECT = ("kind", "namespace")
_WORDS_OF_MANAGER = ("manager", "operation")
_encode = msgspec.msgpack.Encoder().encode
# The structs are frozen for everybody else; nobody else has seen these yet.
_set = msgspec.structs.force_setattr


class Sharing:
    """What was seen so far of one page. Made for each: what it remembers must not outlive the objects."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, bytes], Any] = {}
        self._words: dict[str, str] = {}
        self._said: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._times: dict[datetime, datetime] = {}

    def share(self, things: Iterable[KubeObject]) -> None:
        """Let objects that were just decoded hold their equal parts once. Nothing that can be read of them changes."""
        for thing in things:
            self._share_meta(thing.metadata)
            match thing:
                case Pod():
                    self._share_pod(thing)
                case EndpointSlice():
                    self._share_slice(thing)
                case Event():
                    self._share_words(thing, _WORDS_OF_EVENT)
                    self._share_words(thing.about, _WORDS_OF_OBJECT)
                case _:
                    self._share_other(thing)

    def _share_other(self, thing: KubeObject) -> None:
        conditions = getattr(getattr(thing, "status", None), "conditions", None)
        if conditions:
            self._share_conditions(conditions)
        spec = getattr(thing, "spec", None)
        selector = getattr(spec, "selector", None)
        # Most select what their own template, or those of the page before it, say in the same words.
        if isinstance(selector, LabelSelector) and selector.match_labels:
            _set(selector, "match_labels", self._part("labels", selector.match_labels))
        template = getattr(spec, "template", None)
        if isinstance(template, PodTemplate):
            self._share_template(template)
        if isinstance(thing, Service):
            if thing.spec.ports:
                _set(thing.spec, "ports", self._part("ports", thing.spec.ports))
            self._share_words(thing.spec, ("type",))

    def _share_template(self, template: PodTemplate) -> None:
        if template.metadata is not None and template.metadata.labels:
            _set(template.metadata, "labels", self._part("labels", template.metadata.labels))
        if template.spec is not None:
            _set(template, "spec", self._part("template", template.spec, self._share_spec))

    def _share_slice(self, one: EndpointSlice) -> None:
        if one.ports:
            _set(one, "ports", self._part("endpoint ports", one.ports))
        self._share_words(one, ("address_type",))
        for endpoint in one.endpoints or ():
            if endpoint.conditions is not None:
                _set(endpoint, "conditions", self._part("endpoint", endpoint.conditions))
            if endpoint.node_name is not None:
                _set(endpoint, "node_name", self._word(endpoint.node_name))
            if endpoint.target_ref is not None:
                self._share_words(endpoint.target_ref, _WORDS_OF_OBJECT)

    def _share_meta(self, meta: ObjectMeta) -> None:
        if meta.namespace is not None:
            _set(meta, "namespace", self._word(meta.namespace))
        if meta.labels:
            _set(meta, "labels", self._part("labels", meta.labels))
        if meta.annotations:
            _set(meta, "annotations", self._part("annotations", meta.annotations))
        if meta.owner_references:
            _set(meta, "owner_references", self._part("owners", meta.owner_references))
        if meta.creation_timestamp is not None:
            _set(meta, "creation_timestamp", self._time(meta.creation_timestamp))
        for one in getattr(meta, "managed_fields", None) or ():
            self._share_words(one, _WORDS_OF_MANAGER)

    def _share_pod(self, pod: Pod) -> None:
        self._share_spec(pod.spec)
        status = pod.status
        self._share_words(status, _WORDS_OF_STATUS)
        if status.conditions:
            self._share_conditions(status.conditions)
        for box in status.container_statuses or ():
            self._share_status(box)
        for box in status.init_container_statuses or ():
            self._share_status(box)
        if status.start_time is not None:
            _set(status, "start_time", self._time(status.start_time))
        ips = status.pod_ips
        if ips and ips[0].ip == status.pod_ip:
            _set(ips[0], "ip", status.pod_ip)

    def _share_spec(self, spec: PodSpec) -> None:
        self._share_fields("spec", spec, _OF_SPEC, _get_of_spec)
        if spec.node_name is not None:
            _set(spec, "node_name", self._word(spec.node_name))
        for box in spec.containers or ():
            self._share_container(box)
        for box in spec.init_containers or ():
            self._share_container(box)
        for volume in spec.volumes or ():
            # The name of the one with the account's token is another in each pod, where a mount says it again.
            _set(volume, "name", self._word(volume.name))
            if volume.projected is not None:
                _set(volume, "projected", self._part("projected", volume.projected))

    def _share_container(self, box: Container) -> None:
        self._share_fields("container", box, _OF_CONTAINER, _get_of_container)
        for mount in box.volume_mounts or ():
            _set(mount, "name", self._word(mount.name))
            _set(mount, "mount_path", self._word(mount.mount_path))

    def _share_fields(
        self, slot: str, part: msgspec.Struct, names: tuple[str, ...], get: Callable[[Any], tuple[Any, ...]]
    ) -> None:
        """Share many fields at once: where all of them are as in a part seen before, one look is enough."""
        values = get(part)
        key = (slot, _encode(values))
        known = self._parts.get(key)
        if known is None:
            shared = [
                (name, self._word(value) if isinstance(value, str) else self._part(name, value))
                for name, value in zip(names, values, strict=True)
                if value is not None
            ]
            known = self._parts[key] = shared
        for name, value in known:
            _set(part, name, value)

    def _share_status(self, box: ContainerStatus) -> None:
        _set(box, "name", self._word(box.name))
        if box.image is not None:
            _set(box, "image", self._word(box.image))
        if box.state is not None:
            _set(box, "state", self._part("state", box.state))
        if box.last_state is not None:
            _set(box, "last_state", self._part("state", box.last_state))

    def _share_conditions(self, conditions: list[Condition]) -> None:
        for one in conditions:
            words = _get_of_condition(one)
            known = self._said.setdefault(words, words)
            if known is not words:
                _set(one, "type", known[0])
                _set(one, "status", known[1])
                _set(one, "reason", known[2])
                _set(one, "message", known[3])
            if one.last_transition_time is not None:
                _set(one, "last_transition_time", self._time(one.last_transition_time))

    def _share_words(self, part: msgspec.Struct, names: tuple[str, ...]) -> None:
        words = self._words
        for name in names:
            word = getattr(part, name)
            if word is not None:
                known = words.setdefault(word, word)
                if known is not word:
                    _set(part, name, known)

    def _word(self, word: str) -> str:
        return self._words.setdefault(word, word)

    def _time(self, time: datetime) -> datetime:
        return self._times.setdefault(time, time)

    def _part(self, slot: str, part: T, then: Callable[[T], None] | None = None) -> T:
        """Return the first part that was equal; ``then`` is for one that is new.

        ``slot`` keeps parts of different types apart.
        """
        key = (slot, _encode(part))
        known: T | None = self._parts.get(key)
        if known is not None:
            return known
        self._parts[key] = part
        if then is not None:
            then(part)
        return part
