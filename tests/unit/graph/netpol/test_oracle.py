"""The evaluator against a naive reading of the specification, on clusters nobody thought of."""

from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from services.graph.domain.k8s.pods import Pod
from services.graph.domain.netpol.book import PolicyBook
from services.graph.domain.netpol.edges import may_reach
from services.graph.domain.netpol.verdict import Outside, PortQuestion, VerdictState
from tests.support.cluster import an_inventory, an_object

JSON = dict[str, Any]
SPACES = {"a": {"env": "x"}, "b": {"env": "y", "open": "1"}, "c": {}}
KEYS, VALUES = ("app", "env"), ("x", "y")
NUMBERS = (53, 80, 81, 82, 8080)
ADDRESSES = ("10.0.0.1", "10.0.1.2", "203.0.113.5", "203.0.113.200")
BLOCKS = ("203.0.113.0/24", "203.0.113.0/25", "0.0.0.0/0", "198.51.100.0/24", "10.0.0.0/24")

labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
requirement = st.one_of(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from((*KEYS, "open")),
            "operator": st.sampled_from(("In", "NotIn")),
            "values": st.lists(st.sampled_from(VALUES), min_size=1, max_size=2),
        }
    ),
    st.fixed_dictionaries(
        {"key": st.sampled_from((*KEYS, "open")), "operator": st.sampled_from(("Exists", "DoesNotExist"))}
    ),
)
selector = st.fixed_dictionaries(
    {}, optional={"matchLabels": labels, "matchExpressions": st.lists(requirement, max_size=1)}
)
by_selectors = st.fixed_dictionaries({}, optional={"podSelector": selector, "namespaceSelector": selector}).filter(bool)
by_block = st.builds(
    lambda cidr, out: {"ipBlock": {"cidr": cidr, "except": out}},
    st.sampled_from(BLOCKS),
    st.lists(st.sampled_from(BLOCKS), max_size=1),
)
peers = st.lists(st.one_of(by_selectors, by_selectors, by_block), max_size=2)
protocols = st.sampled_from(("TCP", "UDP", "SCTP"))
port = st.one_of(
    st.fixed_dictionaries({}, optional={"protocol": protocols}),
    st.fixed_dictionaries({"port": st.sampled_from(("http", "dns"))}, optional={"protocol": protocols}),
    st.builds(
        lambda first, more, protocol: {
            "port": first,
            **({"endPort": first + more} if more else {}),
            **({"protocol": protocol} if protocol else {}),
        },
        st.sampled_from(NUMBERS),
        st.sampled_from((0, 0, 1, 100)),
        st.one_of(st.none(), protocols),
    ),
)
ports = st.lists(port, max_size=2)
policy = st.builds(
    lambda space, spec: (space, spec),
    st.sampled_from(sorted(SPACES)),
    st.fixed_dictionaries(
        {"podSelector": selector},
        optional={
            "policyTypes": st.lists(st.sampled_from(("Ingress", "Egress")), max_size=2, unique=True),
            "ingress": st.lists(st.fixed_dictionaries({}, optional={"from": peers, "ports": ports}), max_size=2),
            "egress": st.lists(st.fixed_dictionaries({}, optional={"to": peers, "ports": ports}), max_size=2),
        },
    ),
)
named = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(("http", "dns", "other")), "containerPort": st.sampled_from(NUMBERS)},
        optional={"protocol": protocols},
    ),
    max_size=2,
    unique_by=lambda one: one["name"],
)
pod = st.fixed_dictionaries(
    {
        "namespace": st.sampled_from(sorted(SPACES)),
        "labels": labels,
        "ip": st.sampled_from((*ADDRESSES[:2], "")),
        "host": st.sampled_from((False, False, False, True)),
        "node": st.sampled_from(("n1", "n2")),
        "ports": named,
    }
)
party = st.one_of(pod, pod, st.sampled_from(ADDRESSES[2:]))
world = st.tuples(st.lists(policy, max_size=4), party, party)


class Ask(NamedTuple):
    """A question as the oracle takes it."""

    source: Any
    target: Any
    number: int
    protocol: str


# The oracle: sets of possible answers, {True}, {False} or both; nothing is indexed, kept or shared.


def fits(wanted: JSON, have: JSON) -> bool:
    for key, value in wanted.get("matchLabels", {}).items():
        if key not in have or have[key] != value:
            return False
    for one in wanted.get("matchExpressions", []):
        has, key = one["key"] in have, one["key"]
        good = {
            "In": has and have[key] in one.get("values", []),
            "NotIn": not has or have[key] not in one.get("values", []),
            "Exists": has,
            "DoesNotExist": not has,
        }[one["operator"]]
        if not good:
            return False
    return True


def inside(block: JSON, address: str) -> bool:
    where = ip_address(address)
    return where in ip_network(block["cidr"]) and all(where not in ip_network(out) for out in block["except"])


def peer_fits(one: JSON, own: str, other: Any) -> set[bool]:
    if "ipBlock" in one:
        if isinstance(other, str):
            return {inside(one["ipBlock"], other)}
        if not other["ip"] or inside(one["ipBlock"], other["ip"]):
            return {True, False}
        return {False}
    if isinstance(other, str):
        return {False}
    if "namespaceSelector" in one:
        there = fits(one["namespaceSelector"], SPACES[other["namespace"]])
    else:
        there = other["namespace"] == own
    good = there and fits(one.get("podSelector", {}), other["labels"])
    return {True, False} if good and other["host"] else {good}


def port_fits(one: JSON, ask: Ask) -> bool:
    if one.get("protocol", "TCP") != ask.protocol:
        return False
    if "port" not in one:
        return True
    if isinstance(one["port"], str):
        have = [] if isinstance(ask.target, str) else ask.target["ports"]
        return any(
            p["name"] == one["port"] and p["containerPort"] == ask.number and p.get("protocol", "TCP") == ask.protocol
            for p in have
        )
    return ask.number in range(one["port"], (one.get("endPort") or one["port"]) + 1)


def side(policies: list[tuple[str, JSON]], direction: str, ask: Ask) -> set[bool]:
    own, other = (ask.target, ask.source) if direction == "Ingress" else (ask.source, ask.target)
    if isinstance(own, str) or own["host"]:
        return {True}
    if direction == "Ingress" and not isinstance(other, str) and other["host"] and other["node"] == own["node"]:
        return {True}
    isolated, answer = False, {False}
    for space, spec in policies:
        types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
        if space != own["namespace"] or direction not in types or not fits(spec["podSelector"], own["labels"]):
            continue
        isolated = True
        for rule in spec.get(direction.lower(), []):
            good_ports = not rule.get("ports") or any(port_fits(one, ask) for one in rule["ports"])
            who = rule.get("from" if direction == "Ingress" else "to")
            outcomes = [peer_fits(one, space, other) for one in who] if who else [{True}]
            if good_ports and {True} in outcomes:
                answer = {True}
            elif good_ports and {True, False} in outcomes and answer != {True}:
                answer = {True, False}
    return answer if isolated else {True}


def oracle(policies: list[tuple[str, JSON]], ask: Ask) -> VerdictState:
    found = [side(policies, "Egress", ask), side(policies, "Ingress", ask)]
    if {False} in found:
        return VerdictState.DENIED
    return VerdictState.ALLOWED if found == [{True}, {True}] else VerdictState.UNKNOWN


def oracle_of_any(policies: list[tuple[str, JSON]], source: Any, target: Any, kinds: tuple[str, ...]) -> VerdictState:
    # Every number around every border that the strategies can make.
    numbers = sorted({1, 65535, *(n + d for n in NUMBERS for d in (-1, 0, 1, 2, 100, 101))})
    found = {oracle(policies, Ask(source, target, number, kind)) for number in numbers for kind in kinds}
    if VerdictState.ALLOWED in found:
        return VerdictState.ALLOWED
    return VerdictState.UNKNOWN if VerdictState.UNKNOWN in found else VerdictState.DENIED


def made(one: Any, name: str) -> Pod | Outside:
    if isinstance(one, str):
        return Outside(one)
    found = an_object(
        "Pod",
        name,
        one["namespace"],
        metadata={"labels": one["labels"]},
        spec={"hostNetwork": one["host"], "nodeName": one["node"], "containers": [{"ports": one["ports"]}]},
        status={"phase": "Running", "podIP": one["ip"] or None},
    )
    assert isinstance(found, Pod)
    return found


def a_book(policies: list[tuple[str, JSON]]) -> PolicyBook:
    spaces = [an_object("Namespace", name, metadata={"labels": have}) for name, have in SPACES.items()]
    specs = [an_object("NetworkPolicy", f"p{i}", space, spec=spec) for i, (space, spec) in enumerate(policies)]
    return PolicyBook(an_inventory(*spaces, *specs))


@settings(max_examples=200, deadline=None)
@given(world, st.sampled_from(NUMBERS), protocols)
def test_a_port_is_judged_as_the_specification_reads(given_world: Any, number: int, protocol: str) -> None:
    policies, source, target = given_world
    verdict = a_book(policies).verdict(made(source, "s"), made(target, "t"), PortQuestion(number, protocol))
    assert verdict.state is oracle(policies, Ask(source, target, number, protocol))


@settings(max_examples=80, deadline=None)
@given(world, st.one_of(st.none(), protocols))
def test_any_port_is_as_good_as_the_best_of_all_ports(given_world: Any, protocol: str | None) -> None:
    policies, source, target = given_world
    question = PortQuestion(None, protocol) if protocol else None
    kinds = (protocol,) if protocol else ("TCP", "UDP", "SCTP")
    verdict = a_book(policies).verdict(made(source, "s"), made(target, "t"), question)
    assert verdict.state is oracle_of_any(policies, source, target, kinds)


@settings(max_examples=40, deadline=None)
@given(st.lists(policy, max_size=4), st.lists(pod, min_size=2, max_size=5))
def test_one_book_for_many_pods_says_of_each_pair_what_a_book_of_its_own_says(policies: Any, pods: list[Any]) -> None:
    things = [made(one, f"pod-{index}") for index, one in enumerate(pods)]
    shared = a_book(policies)
    for source in things:
        for target in things:
            mine, own = shared.verdict(source, target), a_book(policies).verdict(source, target)
            assert (mine.state, mine.notes) == (own.state, own.notes)
            assert [(one.provenance.ref, one.text) for one in mine.because] == [
                (one.provenance.ref, one.text) for one in own.because
            ]
    kept = [thing for thing in things if isinstance(thing, Pod)]
    edges = {(edge.source, edge.target): edge.state for edge in may_reach(shared, kept)}
    assert all(source != target for source, target in edges)
    denied = {(a.ref, b.ref) for a in kept for b in kept if shared.verdict(a, b).state is VerdictState.DENIED}
    assert denied == {pair for pair, state in edges.items() if state.value == "absent"}
