"""Which APIs a server serves: two requests where it can say all at once, one for each group where it cannot."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from services.graph.adapters.kube_answers import FORBIDDEN, OK, UNAUTHORIZED, read_status
from services.graph.adapters.kube_http import JSON, Answer, Deadline, KubeHttp
from services.graph.domain.reading.kinds import KINDS, Kind
from services.graph.ports import Discovery

_AT_ONCE = ",".join(
    f"{JSON};g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)
_ACCEPT = f"{_AT_ONCE},{JSON}"
# One group whose server hangs must not take the time of the others.
_SECONDS_OF_A_GROUP = 3.0


class _Resource(msgspec.Struct, frozen=True):
    # `resource` in aggregated discovery, `name` in the lists of a group.
    resource: str = ""
    name: str = ""
    verbs: list[str] | None = None


class _Version(msgspec.Struct, frozen=True):
    version: str = ""
    resources: list[_Resource] | None = None
    # "Stale": its server did not answer; what is listed is of an earlier time.
    freshness: str | None = None


class _Named(msgspec.Struct, frozen=True):
    name: str = ""


class _AggregatedGroup(msgspec.Struct, frozen=True):
    metadata: _Named = _Named()
    versions: list[_Version] | None = None


class _Aggregated(msgspec.Struct, frozen=True):
    kind: str = ""
    items: list[_AggregatedGroup] | None = None


class _Group(msgspec.Struct, frozen=True):
    name: str = ""
    versions: list[_Version] | None = None


class _Groups(msgspec.Struct, frozen=True):
    # APIGroupList has `groups`, APIVersions of /api has `versions`.
    groups: list[_Group] | None = None
    versions: list[str] | None = None


class _Resources(msgspec.Struct, frozen=True):
    resources: list[_Resource] | None = None


@dataclass(slots=True)
class Served:
    """What discovery found. ``lists`` holds group, version and plural of what can be listed."""

    lists: set[tuple[str, str, str]] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    problem: str = ""

    def versions_of(self, kind: Kind) -> tuple[str, ...]:
        """Return the versions to try, the best first: those that are served, or all we know where that is unknown."""
        if kind.group in self.failed or (self.problem and kind.group not in self.groups):
            return kind.versions
        return tuple(one for one in kind.versions if (kind.group, one, kind.plural) in self.lists)

    def is_unknown_version(self, kind: Kind) -> bool:
        """Answer whether the kind is served, but in no version whose fields we know."""
        served = {version for group, version, plural in self.lists if (group, plural) == (kind.group, kind.plural)}
        return bool(served) and served.isdisjoint(kind.versions)

    def as_discovery(self) -> Discovery:
        """Return it as the port has it: of each kind the version that is read."""
        versions: dict[str, str] = {}
        for kind in KINDS:
            for place in (kind, kind.instead):
                if place and kind.name not in versions and (found := self.versions_of(place)):
                    versions[kind.name] = found[0]
        return Discovery(versions, dict(self.failed), self.problem)


def discover(http: KubeHttp, deadline: Deadline) -> Served:
    """Ask the server what it serves. A group that fails is in ``failed``, and the others are found all the same."""
    served = Served()
    for root in ("/api", "/apis"):
        answer = http.get(root, {}, deadline, accept=_ACCEPT)
        if (problem := _add(served, root, answer, http, deadline)) and not served.problem:
            served.problem = problem
    return served


def _add(served: Served, root: str, answer: Answer, http: KubeHttp, deadline: Deadline) -> str:
    """Add what one root says; return why that could not be read."""
    if answer.trouble or answer.status != OK:
        return _why(answer)
    try:
        aggregated = _decode_aggregated(answer.body)
        if aggregated.kind == "APIGroupDiscoveryList":
            _add_aggregated(served, aggregated)
            return ""
        groups = _decode_groups(answer.body)
    except msgspec.MsgspecError:
        return "what answers is not an API server"
    if groups.groups is None and groups.versions is None:
        return "what answers is not an API server"
    if root == "/api":
        _add_group(served, "", groups.versions or (), http, deadline)
    for group in groups.groups or ():
        served.groups.add(group.name)
        _add_group(served, group.name, [one.version for one in group.versions or ()], http, deadline)
    return ""


def _add_aggregated(served: Served, found: _Aggregated) -> None:
    for group in found.items or ():
        name = group.metadata.name
        served.groups.add(name)
        for version in group.versions or ():
            for one in version.resources or ():
                _add_resource(served, name, version.version, one.resource, one.verbs)
            if version.freshness == "Stale":
                served.failed[name] = "the server behind this API did not answer when it was asked what it serves"


def _add_group(served: Served, group: str, versions: Iterable[str], http: KubeHttp, deadline: Deadline) -> None:
    """Ask for the resources of a group, in the versions we know; none of our kinds in it, no request."""
    served.groups.add(group)
    known = {version for kind in _KINDS_AND_PLACES if kind.group == group for version in kind.versions}
    for version in versions:
        if version not in known:
            continue
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        answer = http.get(path, {}, deadline.within(_SECONDS_OF_A_GROUP), tries=1)
        if answer.trouble or answer.status != OK:
            served.failed[group] = _why(answer)
            continue
        try:
            resources = _decode_resources(answer.body).resources or ()
        except msgspec.MsgspecError:
            served.failed[group] = "its list of resources cannot be read"
            continue
        for one in resources:
            _add_resource(served, group, version, one.name, one.verbs)


def _add_resource(served: Served, group: str, version: str, plural: str, verbs: list[str] | None) -> None:
    # What cannot be listed, such as a review, is no list.
    if verbs is None or "list" in verbs:
        served.lists.add((group, version, plural))


def _why(answer: Answer) -> str:
    if answer.trouble:
        return answer.reason
    if answer.status == FORBIDDEN and read_status(answer):
        return "the account may not ask what the server serves"
    if answer.status == UNAUTHORIZED:
        return "the server does not accept the credentials (401): they are missing, wrong or expired"
    return f"the server answered {answer.status}"


_KINDS_AND_PLACES = [place for kind in KINDS for place in (kind, kind.instead) if place]
_decode_aggregated = msgspec.json.Decoder(_Aggregated).decode
_decode_groups = msgspec.json.Decoder(_Groups).decode
_decode_resources = msgspec.json.Decoder(_Resources).decode
