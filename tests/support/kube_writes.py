"""The stand-in API server with writes: patches, deletions, evictions and creations, each at once and each recorded.

A write is done under one lock, as a storage's transaction is; a dry run does everything but keep it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.support.kube_api import READER, TOKEN, Account, KubeApi, serve
from tests.support.kube_patches import PatchFailed, apply_patch
from tests.support.kube_requests import Target
from tests.support.kube_rights import Rights, refusal, status
from tests.support.kube_wire import Exchange
from tests.support.kube_world import Item, KubeWorld, Place
from tests.support.kube_write_faults import AFTER, SILENT, WriteFault, WriteFaultKind, conflict, refusal_by

_VERBS = {"PATCH": "patch", "POST": "create", "DELETE": "delete"}
_CONTROLLED = frozenset({"uid", "resourceVersion", "generation"})


@dataclass
class WriteSeen:
    """A write that came, and whether it was done."""

    method: str
    path: str
    query: dict[str, str]
    media: str
    body: Any
    is_dry: bool
    applied: bool = False


class _Refused(Exception):
    """What the server answers instead of doing it."""

    def __init__(self, code: int, body: dict[str, Any]) -> None:
        super().__init__(body["message"])
        self.code, self.body = code, body


@dataclass
class WritableKube(KubeApi):
    """The server's state. ``writes`` has every write in the order in which they came.

    ``before_write`` runs before a write is looked at, ``before_answer`` after it was done and before it is answered,
    so that tests can change the world in between without a timer. ``foreign`` are fields that other managers own.
    """

    writes: list[WriteSeen] = field(default_factory=list)
    write_faults: list[WriteFault] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)
    before_write: Callable[[WriteSeen], None] | None = None
    before_answer: Callable[[WriteSeen], None] | None = None
    # Whether a pod that is to end is still there, ending, after it was asked to.
    ends_slowly: bool = False

    def write(self, exchange: Exchange, account: Account, target: Target) -> None:
        """Do what is asked, or refuse it, as an API server does."""
        body = msgspec.json.decode(exchange.body) if exchange.body else {}
        is_dry = exchange.query.get("dryRun") == "All"
        seen = WriteSeen(exchange.method, exchange.path, exchange.query, exchange.media, body, is_dry)
        with self.lock:
            self.writes.append(seen)
        ask = target.ask(_VERBS[exchange.method])
        if not account.rights.allows(ask):
            exchange.send(403, refusal(account.name, ask))
            return
        if self.before_write:
            self.before_write(seen)
        fault = self._write_fault(seen)
        if fault and self._strikes_before(exchange, fault, _named(target)):
            return
        try:
            with self.lock:
                code, answer = self._do(seen, target)
                seen.applied = not is_dry
        except _Refused as refused:
            exchange.send(refused.code, refused.body)
            return
        if self.before_answer:
            self.before_answer(seen)
        self._answer(exchange, fault, code, answer)

    def applied(self) -> list[WriteSeen]:
        """Return the writes that were done."""
        return [one for one in self.writes if one.applied]

    def sent(self) -> list[WriteSeen]:
        """Return the writes that were no dry runs, done or not."""
        return [one for one in self.writes if not one.is_dry]

    def touch(self, item: Item, **status_fields: Any) -> None:
        """Change the status of an object, as controllers do all the time."""
        item.setdefault("status", {}).update(status_fields)
        self.world.version += 1
        item["metadata"]["resourceVersion"] = str(self.world.version)

    # --- faults ---

    def _write_fault(self, seen: WriteSeen) -> WriteFaultKind | None:
        with self.lock:
            return next((one.kind for one in self.write_faults if one.strikes(seen.path, dry_run=seen.is_dry)), None)

    def _strikes_before(self, exchange: Exchange, fault: WriteFaultKind, named: str) -> bool:
        """Fail in place of doing anything, where the fault is of that sort."""
        if fault in AFTER:
            return False
        if fault is WriteFaultKind.SLOW_BEFORE:
            exchange.wire.go_silent()
        elif fault in SILENT:
            exchange.wire.cut()
        elif fault is WriteFaultKind.PROXY_502:
            exchange.send_bytes(502, b"<html>Bad Gateway</html>", "text/html")
        else:
            exchange.send(*refusal_by(fault, named))
        return True

    def _answer(self, exchange: Exchange, fault: WriteFaultKind | None, code: int, answer: dict[str, Any]) -> None:
        if fault is WriteFaultKind.SLOW_AFTER:
            exchange.wire.go_silent()
        elif fault is WriteFaultKind.CUT_AFTER:
            exchange.wire.cut()
        elif fault is WriteFaultKind.TRUNCATED_AFTER:
            whole = msgspec.json.encode(answer)
            exchange.wire.reply_half(code, whole)
        else:
            exchange.send(code, answer)

    # --- what is done ---

    def _do(self, seen: WriteSeen, target: Target) -> tuple[int, dict[str, Any]]:
        if target.place not in self.world.lists:
            raise _Refused(404, status(404, "NotFound", "the server could not find the requested resource", {}))
        if seen.method == "POST" and not target.subresource:
            return 201, self._create(seen, target)
        item = self.world.find(target.place, target.namespace, target.name)
        if item is None:
            details = {"name": target.name, "kind": target.place.plural}
            raise _Refused(404, status(404, "NotFound", f"{_named(target)} not found", details))
        if seen.method == "DELETE":
            return 200, self._delete(seen, target, item, seen.body)
        if target.subresource == "eviction":
            self._evict(seen, target, item)
            return 201, {"kind": "Status", "apiVersion": "v1", "status": "Success", "metadata": {}}
        if target.subresource == "scale":
            return 200, self._scale(seen, target, item)
        return 200, self._with_kind(target.place, self._patch(seen, target, item, seen.body))

    def _create(self, seen: WriteSeen, target: Target) -> Item:
        meta = seen.body["metadata"]
        named = Target(target.place, target.namespace, meta["name"])
        if self.world.find(target.place, target.namespace, meta["name"]):
            text = f"{_named(named)} already exists"
            raise _Refused(409, status(409, "AlreadyExists", text, {"name": meta["name"]}))
        number = self.world.version + 1
        made = deepcopy(seen.body) | {
            "metadata": {**meta, "uid": f"uid-{number}", "resourceVersion": str(number), "generation": 1}
        }
        if not seen.is_dry:
            self.world.version = number
            self.world.lists[target.place].append(made)
        return self._with_kind(target.place, made)

    def _patch(self, seen: WriteSeen, target: Target, item: Item, body: Any) -> Item:
        if seen.media == "application/apply-patch+yaml":
            self._check_managers(body)
        try:
            found = apply_patch(item, body, seen.media)
        except PatchFailed as failed:
            raise _Refused(422, status(422, "Invalid", str(failed), {})) from None
        if found["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
            raise _Refused(409, status(409, "Conflict", conflict(_named(target)), {"name": target.name}))
        replicas = found.get("spec", {}).get("replicas", 0)
        if not isinstance(replicas, int) or replicas < 0:
            raise _Refused(*refusal_by(WriteFaultKind.INVALID, _named(target)))
        found = {key: value for key, value in found.items() if key not in {"kind", "apiVersion"}}
        return self._keep(seen, item, found)

    def _keep(self, seen: WriteSeen, item: Item, found: Item) -> Item:
        # A patch that changes nothing makes no new version.
        if _content(found) != _content(item):
            meta = found["metadata"] = dict(found["metadata"])
            if found.get("spec") != item.get("spec"):
                meta["generation"] = item["metadata"].get("generation", 1) + 1
            if not seen.is_dry:
                self.world.version += 1
                meta["resourceVersion"] = str(self.world.version)
        if not seen.is_dry:
            item.clear()
            item.update(deepcopy(found))
        return found

    def _scale(self, seen: WriteSeen, target: Target, item: Item) -> Item:
        meta = {"name": target.name, "namespace": target.namespace, "uid": item["metadata"]["uid"]}
        scale = {"metadata": meta | {"resourceVersion": item["metadata"]["resourceVersion"]}, "spec": {}}
        wanted = apply_patch(scale, seen.body, seen.media)
        body = {
            "metadata": {"resourceVersion": wanted["metadata"]["resourceVersion"]},
            "spec": {"replicas": wanted["spec"].get("replicas", 0)},
        }
        found = self._patch(seen, target, item, body)
        meta["resourceVersion"] = found["metadata"]["resourceVersion"]
        # As a real server: a 0 is left out.
        spec = {"replicas": found["spec"]["replicas"]} if found["spec"]["replicas"] else {}
        return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": meta, "spec": spec}

    def _delete(self, seen: WriteSeen, target: Target, item: Item, options: dict[str, Any]) -> Item:
        _check_preconditions(target, item, options)
        if not seen.is_dry:
            if item["metadata"].get("finalizers") or (self.ends_slowly and target.place.plural == "pods"):
                item["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
                self.touch(item)
            else:
                self.world.lists[target.place].remove(item)
        return self._with_kind(target.place, item)

    def _evict(self, seen: WriteSeen, target: Target, item: Item) -> None:
        options = seen.body.get("deleteOptions") or {}
        _check_preconditions(target, item, options)
        labels = item["metadata"].get("labels") or {}
        budgets = self.world.lists.get(Place("policy", "v1", "poddisruptionbudgets"), [])
        for budget in budgets:
            wanted = budget["spec"]["selector"]["matchLabels"]
            if budget["metadata"]["namespace"] != target.namespace or not wanted.items() <= labels.items():
                continue
            if budget["status"]["disruptionsAllowed"] < 1:
                cause = {"reason": "DisruptionBudget", "message": f"The disruption budget {budget['metadata']['name']}"}
                text = "Cannot evict pod as it would violate the pod's disruption budget."
                raise _Refused(429, status(429, "TooManyRequests", text, {"causes": [cause]}))
            if not seen.is_dry:
                budget["status"]["disruptionsAllowed"] -= 1
        self._delete(seen, target, item, options)

    def _check_managers(self, body: Item) -> None:
        taken = sorted(self.foreign & set(_leaves(body)))
        if taken:
            causes = [{"reason": "FieldManagerConflict", "field": one, "message": "conflict"} for one in taken]
            raise _Refused(409, status(409, "Conflict", "Apply failed with conflicts", {"causes": causes}))

    def _with_kind(self, place: Place, item: Item) -> Item:
        api_version = f"{place.group}/{place.version}" if place.group else place.version
        return {"kind": self.world.kind_of(place), "apiVersion": api_version, **item}


@contextmanager
def serve_writable_kube(world: KubeWorld, rights: Rights | None = None) -> Iterator[WritableKube]:
    """Serve a world that can be changed, until the block ends; ``rights`` as for ``serve_kube_api``."""
    with serve(WritableKube(world, {TOKEN: Account(READER, rights)} if rights else {})) as kube:
        yield kube


def _check_preconditions(target: Target, item: Item, options: dict[str, Any]) -> None:
    for name, key in (("UID", "uid"), ("ResourceVersion", "resourceVersion")):
        wanted, there = options.get("preconditions", {}).get(key), item["metadata"][key]
        if wanted is not None and wanted != there:
            text = f"Precondition failed: {name} in precondition: {wanted}, {name} in object meta: {there}"
            raise _Refused(409, status(409, "Conflict", text, {"name": target.name}))


def _content(item: Item) -> Item:
    meta = {key: value for key, value in item["metadata"].items() if key not in _CONTROLLED}
    return {**item, "metadata": meta}


def _named(target: Target) -> str:
    group, _, plural = target.place
    return f'{plural}.{group} "{target.name}"' if group else f'{plural} "{target.name}"'


def _leaves(body: Item, at: str = "") -> Iterator[str]:
    for key, value in body.items():
        path = f"{at}.{key}"
        if isinstance(value, dict):
            yield from _leaves(value, path)
        else:
            yield path
