"""One API server to read and to change, behind the port ``KubeClient``."""

from collections.abc import Callable, Mapping
from pathlib import Path
from time import sleep
from typing import Any

import msgspec

from services.actions.adapters.kube_account import open_account
from services.actions.adapters.kube_http import Answer, KubeHttp, NoAnswer, NotSent
from services.actions.adapters.kube_refusals import refusal_of
from services.actions.domain.kinds import Kind, find_kind
from services.actions.domain.objects import KubeObject
from services.actions.domain.requests import FIELD_MANAGER, Method, Write, as_dry_run
from services.actions.errors import CutOff, KubeError, TooManyRequests, Unreachable, Unreadable
from services.actions.ports import Selection
from shared.contracts.action import RbacRule

_SECONDS = 30.0
_PAGE = 500
_MOST_PAGES = 10
_READ_TRIES = 3
_PAUSE = 0.5
_MOST_GROUPS = 500
_FIRST_REFUSAL = 300


class KubeCluster:
    """The cluster of one account. Use it in one thread at a time."""

    def __init__(self, http: KubeHttp, pause: Callable[[float], None] = sleep) -> None:
        self._http = http
        self._pause = pause

    def find_kind(self, text: str) -> Kind | None:
        """As the port says. What is not built in is asked for by its group: ``certificates.cert-manager.io``."""
        if (known := find_kind(text)) is not None:
            return known
        word, _, group = text.partition(".")
        if not group:
            return None
        for name in (group, group.partition(".")[2]):
            # With a version between, as `kubectl` writes it too: the version is the server's to choose.
            version = self._preferred_version(name) if name else None
            if version is not None:
                return self._kind_in(name, version, word.lower())
        return None

    def read(self, kind: Kind, namespace: str | None, name: str) -> KubeObject:
        """As the port says."""
        rule = RbacRule(api_group=kind.group, resource=kind.plural, verbs=("get",), namespace=namespace)
        found = KubeObject(_decode(self._get(kind.path(namespace, name), {}, rule)))
        if not found.uid or not found.resource_version:
            raise Unreadable("the server answered with something that is no object")
        return found

    def list(self, selection: Selection) -> tuple[KubeObject, ...]:
        """As the port says."""
        kind, namespace = selection.kind, selection.namespace
        rule = RbacRule(api_group=kind.group, resource=kind.plural, verbs=("list",), namespace=namespace)
        wanted = {"labelSelector": selection.labels, "fieldSelector": selection.fields, "limit": str(_PAGE)}
        query = {key: value for key, value in wanted.items() if value}
        found: list[KubeObject] = []
        for _ in range(_MOST_PAGES):
            body = KubeObject(_decode(self._get(kind.path(namespace), query, rule)))
            found.extend(map(KubeObject, body.items("items")))
            after = body.at("metadata", "continue")
            if not after:
                return tuple(found)
            query["continue"] = str(after)
        raise Unreadable(f"there are more than {_MOST_PAGES * _PAGE} {kind.plural}, which is too many to look at")

    def write(self, write: Write, *, dry_run: bool) -> KubeObject:
        """As the port says."""
        query = {"dryRun": "All"} if dry_run else {}
        if write.method is not Method.DELETE and write.subresource != "eviction":
            query |= {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
        sent = as_dry_run(write) if dry_run else write
        try:
            answer = self._http.send(sent.method, sent.path, query, sent.body, sent.media)
        except NotSent as error:
            raise Unreachable(f"{error}; nothing was sent") from None
        except NoAnswer as error:
            raise _cut_off(error, dry_run=dry_run) from None
        if answer.status >= _FIRST_REFUSAL:
            raise refusal_of(answer, write.rule, is_write=not dry_run)
        if write.method is Method.DELETE or write.subresource == "eviction":
            return KubeObject()
        try:
            return KubeObject(_decode(answer))
        except Unreadable as error:
            raise _cut_off(NoAnswer(str(error), answer.status), dry_run=dry_run) from None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _get(self, path: str, query: Mapping[str, str], rule: RbacRule) -> Answer:
        """Read, again where that may help."""
        failed: KubeError
        for tried in range(1, _READ_TRIES + 1):
            try:
                return self._get_once(path, query, rule)
            except (Unreachable, Unreadable, TooManyRequests) as error:
                failed = error
            if tried < _READ_TRIES:
                self._pause(_PAUSE * tried)
        raise failed

    def _get_once(self, path: str, query: Mapping[str, str], rule: RbacRule) -> Answer:
        try:
            answer = self._http.send("GET", path, query)
        except NotSent as error:
            raise Unreachable(str(error)) from None
        except NoAnswer as error:
            raise Unreadable(str(error)) from None
        if answer.status >= _FIRST_REFUSAL:
            raise refusal_of(answer, rule, is_write=False)
        return answer

    def _preferred_version(self, group: str) -> str | None:
        rule = RbacRule(api_group="", resource="apis", verbs=("get",))
        groups = KubeObject(_decode(self._get("/apis", {}, rule))).items("groups")
        for one in groups[:_MOST_GROUPS]:
            if one.get("name") == group:
                version = KubeObject(one).at("preferredVersion", "version")
                return version if isinstance(version, str) else None
        return None

    def _kind_in(self, group: str, version: str, word: str) -> Kind | None:
        rule = RbacRule(api_group="", resource="apis", verbs=("get",))
        served = KubeObject(_decode(self._get(f"/apis/{group}/{version}", {}, rule))).items("resources")
        for one in served:
            plural, name, singular = (str(one.get(key) or "") for key in ("name", "kind", "singularName"))
            if "/" not in plural and word in {plural.lower(), name.lower(), singular.lower()}:
                return Kind(name, group, version, plural, one.get("namespaced") is True)
        return None


def open_cluster(context: str, kubeconfig: Path | None, seconds: float = _SECONDS) -> KubeCluster:
    """Return the cluster of a context. ``seconds`` is what each request may take in all. Raises ``NoCluster``."""
    return KubeCluster(KubeHttp(open_account(context, kubeconfig), seconds))


def _cut_off(error: NoAnswer, *, dry_run: bool) -> KubeError:
    if dry_run:
        return Unreadable(f"{error}; it was a dry run, which changes nothing")
    if error.status >= _FIRST_REFUSAL and error.status < 500:  # noqa: PLR2004 - it refused, whatever it said of it.
        return Unreadable(f"the server refused with {error.status}, and {error}")
    if error.status:
        return CutOff(f"the server answered {error.status}, but {error}")
    return CutOff(str(error))


def _decode(answer: Answer) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, RecursionError):
        raise Unreadable("the server answered with something that is not JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("the server answered with something that is no object")
    return found
