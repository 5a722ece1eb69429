"""A Kubernetes API server for tests: real HTTP on 127.0.0.1, its objects in memory, its accounts and faults switchable.

It answers as real servers of today do: discovery in both forms, paged lists, refusals that name user, verb, resource
and scope and hide what exists, logs, reviews of one's own rights.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, TypeVar

import msgspec

from tests.support import kube_documents
from tests.support.kube_config_file import write_kubeconfig
from tests.support.kube_faults import Fault, FaultKind
from tests.support.kube_requests import Seen, Target, read_target, select
from tests.support.kube_rights import Ask, Rights, all_rights, asked, refusal, refusal_of_path, rules_of, status
from tests.support.kube_wire import Exchange, Wire
from tests.support.kube_world import Item, KubeWorld

TOKEN = "token-of-the-reader"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
READER = "system:serviceaccount:faultline:graph-reader"


Served = TypeVar("Served", bound="KubeApi")


@dataclass
class Account:
    """Who a token stands for."""

    name: str
    rights: Rights


@dataclass
class KubeApi:
    """The server's state; change it while it runs. ``url`` is set once it does.

    ``faults`` are by the path of a list, ``/api/v1/pods/log`` or a path of discovery. ``stale`` names groups whose own
    server is down. ``seen`` has every request in the order in which they came.
    """

    world: KubeWorld
    accounts: dict[str, Account] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)
    has_aggregated_discovery: bool = True
    has_gzip: bool = True
    seen: list[Seen] = field(default_factory=list)
    stopping: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)
    url: str = ""

    def answer(self, exchange: Exchange) -> None:
        """Answer one request."""
        target = read_target(exchange.path)
        account = self.accounts.get(exchange.token) if self.accounts else Account(READER, all_rights())
        with self.lock:
            self.seen.append(
                Seen(exchange.method, exchange.path, exchange.query, account.name if account else "", target)
            )
        if account is None:
            exchange.send(401, status(401, "Unauthorized", "Unauthorized"))
        elif exchange.path in {REVIEWS, RULES}:
            self._review(exchange, account)
        elif target is None:
            self._discover(exchange, account)
        else:
            self._read(exchange, account, target)

    def write(self, exchange: Exchange, account: Account, target: Target) -> None:
        """Answer a request that would change something; ``WritableKube`` does what it asks."""
        exchange.send(405, status(405, "MethodNotAllowed", "this server is read only"))

    def lists_of(self, plural: str) -> list[Seen]:
        """Return the lists of this plural that were asked for."""
        return [one for one in self.seen if one.verb == "list" and one.target and one.target.place.plural == plural]

    def write_kubeconfig(self, file: Path, token: str = TOKEN) -> Path:
        """Write a kubeconfig with this server as its only context, ``test``; return the file."""
        return write_kubeconfig(file, {"test": (self.url, {"token": token})})

    # --- what is asked about oneself ---

    def _review(self, exchange: Exchange, account: Account) -> None:
        if exchange.method != "POST" or not account.rights.may_review:
            plural = exchange.path.rpartition("/")[2]
            ask = Ask("create", "authorization.k8s.io", plural)
            exchange.send(403, refusal(account.name, ask))
            return
        try:
            review = msgspec.json.decode(exchange.body)
        except msgspec.DecodeError:
            # kubectl sends protobuf, which real servers read.
            exchange.send(415, status(415, "UnsupportedMediaType", "the body of the request is not JSON"))
            return
        if exchange.path == RULES:
            review["status"] = rules_of(account.rights, review["spec"]["namespace"])
        else:
            review["status"] = {"allowed": account.rights.allows(asked(review["spec"]))}
        exchange.send(201, review)

    # --- what is served ---

    def _discover(self, exchange: Exchange, account: Account) -> None:
        if not account.rights.may_discover:
            exchange.send(403, refusal_of_path(account.name, exchange.path))
            return
        fault = self._fault(exchange.path, 0)
        if fault and self._is_refused(exchange, fault, refusal_of_path(account.name, exchange.path)):
            return
        document = self._document(exchange)
        group = exchange.path.split("/")[2] if exchange.path.startswith("/apis/") else ""
        if group in self.stale:
            exchange.send_text(503, "service unavailable\n")
        elif document is None:
            exchange.send_text(404, "404 page not found\n")
        else:
            # By this type clients know which of the two forms they got.
            is_aggregated = document.get("kind") == "APIGroupDiscoveryList"
            media = kube_documents.AGGREGATED if is_aggregated else "application/json"
            exchange.send(200, document, fault=fault, media=media)

    def _document(self, exchange: Exchange) -> dict[str, Any] | None:
        parts = exchange.path.strip("/").split("/")
        if exchange.path in {"/api", "/apis"}:
            if self.has_aggregated_discovery and "as=APIGroupDiscoveryList" in exchange.accept:
                return kube_documents.aggregated(self.world, exchange.path, self.stale)
            return kube_documents.core_versions() if exchange.path == "/api" else kube_documents.groups(self.world)
        if parts[0] == "api":
            return kube_documents.resources(self.world, "", parts[1])
        if len(parts) == 3:
            return kube_documents.resources(self.world, parts[1], parts[2])
        return {"major": "1", "minor": "36", "gitVersion": "v1.36.2"} if parts == ["version"] else None

    # --- objects ---

    def _read(self, exchange: Exchange, account: Account, target: Target) -> None:
        verb = "get" if target.name else "list"
        if exchange.method != "GET":
            self.write(exchange, account, target)
            return
        if not account.rights.allows(target.ask(verb)):
            # Before anything else: who lacks the right does not learn what exists.
            exchange.send(403, refusal(account.name, target.ask(verb)))
            return
        start = int(exchange.query.get("continue") or 0)
        fault = self._fault(target.fault_path, start)
        if fault and self._is_refused(exchange, fault, refusal(account.name, target.ask(verb))):
            return
        if target.place.group in self.stale:
            exchange.send_text(503, "service unavailable\n")
        elif target.place not in self.world.lists:
            exchange.send_text(404, "404 page not found\n")
        elif target.subresource == "log":
            self._log(exchange, target, fault)
        elif target.name:
            self._get(exchange, target, fault)
        else:
            self._list(exchange, target, start, fault)

    def _get(self, exchange: Exchange, target: Target, fault: Fault | None) -> None:
        item = self.world.find(target.place, target.namespace, target.name)
        if item is None or target.subresource:
            exchange.send(404, self._not_found(target), fault=fault)
            return
        group, version, _ = target.place
        api_version = f"{group}/{version}" if group else version
        exchange.send(200, {"kind": self.world.kind_of(target.place), "apiVersion": api_version, **item}, fault=fault)

    def _not_found(self, target: Target) -> dict[str, Any]:
        group, _, plural = target.place
        named = f"{plural}.{group}" if group else plural
        details = {"name": target.name, "kind": plural} | ({"group": group} if group else {})
        return status(404, "NotFound", f'{named} "{target.name}" not found', details)

    def _list(self, exchange: Exchange, target: Target, start: int, fault: Fault | None) -> None:
        group, version, _ = target.place
        items = select(self.world.lists[target.place], exchange.query)
        if target.namespace is not None:
            items = [item for item in items if item["metadata"].get("namespace") == target.namespace]
        # A server that may answer from its cache does not page.
        is_whole = exchange.query.get("resourceVersion") == "0"
        limit = 0 if is_whole else int(exchange.query.get("limit") or 0)
        end = start + limit if limit else len(items)
        meta: dict[str, Any] = {"resourceVersion": str(self.world.version)}
        if end < len(items):
            meta |= {"continue": str(end), "remainingItemCount": len(items) - end}
        page: list[Item] | None = items[start:end]
        if fault and fault.kind is FaultKind.NULLS:
            page = [_with_nulls(item) for item in page or ()] or None
        api_version = f"{group}/{version}" if group else version
        kind = f"{self.world.kind_of(target.place)}List"
        body = {"kind": kind, "apiVersion": api_version, "metadata": meta, "items": page}
        exchange.send(200, body, fault=fault)

    def _log(self, exchange: Exchange, target: Target, fault: Fault | None) -> None:
        if self.world.find(target.place, target.namespace, target.name) is None:
            exchange.send(404, self._not_found(target))
            return
        container, previous = exchange.query.get("container", ""), exchange.query.get("previous") == "true"
        key = (target.namespace or "", target.name, container, previous)
        code, text = self.world.logs.get(key, (200, ""))
        if key not in self.world.logs and previous:
            named = f'container "{container}" in pod "{target.name}"'
            code, text = 400, f"previous terminated {named} not found"
        if code != 200:
            reason = {400: "BadRequest", 404: "NotFound"}.get(code, "InternalError")
            exchange.send(code, status(code, reason, text))
            return
        lines = text.splitlines(keepends=True)
        if "tailLines" in exchange.query:
            lines = lines[-int(exchange.query["tailLines"]) :]
        body = "".join(lines).encode()
        if "limitBytes" in exchange.query:
            # As a kubelet: the lines first, then so many bytes from where they begin.
            body = body[: int(exchange.query["limitBytes"])]
        exchange.send_bytes(200, body, "text/plain", fault=fault)

    # --- faults ---

    def _fault(self, path: str, start: int) -> Fault | None:
        with self.lock:
            fault = self.faults.get(path)
            return fault if fault and fault.strikes(start) else None

    def _is_refused(self, exchange: Exchange, fault: Fault, forbidden: dict[str, Any]) -> bool:
        """Answer in place of what was asked for, where the fault is of that sort."""
        match fault.kind:
            case FaultKind.FORBIDDEN:
                exchange.send(403, forbidden)
            case FaultKind.MISSING:
                exchange.send_text(404, "404 page not found\n")
            case FaultKind.TEXT_503:
                exchange.send_text(503, "service unavailable\n")
            case FaultKind.HTML:
                exchange.send_bytes(200, b"<html><body>Please log in</body></html>", "text/html")
            case FaultKind.TOO_MANY:
                exchange.send(
                    429, status(429, "TooManyRequests", "too many"), headers={"Retry-After": fault.retry_after}
                )
            case FaultKind.GONE:
                message = "The provided continue parameter is too old to display a consistent list result."
                exchange.send(410, status(410, "Expired", message))
            case _:
                return False
        return True


@contextmanager
def serve_kube_api(world: KubeWorld, rights: Rights | None = None) -> Iterator[KubeApi]:
    """Serve a world until the block ends; with ``rights``, ``TOKEN`` is the one account, and without, anybody is."""
    with serve(KubeApi(world, {TOKEN: Account(READER, rights)} if rights else {})) as api:
        yield api


@contextmanager
def serve(api: Served, host: str = "127.0.0.1", port: int = 0) -> Iterator[Served]:
    """Serve until the block ends; port 0 is any that is free."""

    class _Wire(Wire):
        kube = api

    server = ThreadingHTTPServer((host, port), _Wire)
    server.daemon_threads = True
    api.url = f"http://{host}:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def _with_nulls(item: Item) -> Item:
    """Return an object whose every field but its identity is null."""
    meta = {key: value if key in {"name", "namespace", "uid"} else None for key, value in item["metadata"].items()}
    return dict.fromkeys(item) | {"metadata": meta | {"labels": None, "ownerReferences": None}}
