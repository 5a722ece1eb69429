"""What incidents do by the product's tables and pages, written a second time and apart: the model of the machine.

Nothing here imports the rules of the gateway. A request that must be refused is answered with its code.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

# Word for word from the product's table.
TABLE = {
    "new": "triage investigating resolved cancelled merged",
    "triage": "investigating mitigated resolved cancelled merged",
    "investigating": "triage mitigated resolved cancelled merged",
    "mitigated": "monitoring investigating resolved",
    "monitoring": "mitigated investigating resolved",
    "resolved": "postmortem closed investigating",
    "postmortem": "closed investigating",
    "closed": "investigating",
    "cancelled": "triage",
    "merged": "",
}
OPEN = frozenset({"new", "triage", "investigating", "mitigated", "monitoring"})
ENDED = frozenset({"resolved", "postmortem", "closed"})
REASONED = {
    *((start, "cancelled") for start in ("new", "triage", "investigating")),
    ("cancelled", "triage"),
    ("postmortem", "investigating"),
    ("closed", "investigating"),
}
MILESTONES = ("detected", "acknowledged", "mitigated", "resolved", "closed")
GROUP_WINDOW = timedelta(hours=4)
REOPEN_WINDOW = timedelta(minutes=30)
STABLE_PERIOD = timedelta(minutes=1)


@dataclass
class Case:
    """An incident as it must be. Relations are (type, number of the other)."""

    times: dict[str, datetime | None]
    key: str | None = None
    status: str = "new"
    version: int = 1
    relations: list[tuple[str, int]] = field(default_factory=list)
    timer: datetime | None = None
    last: datetime | None = None
    # Of a merged one: where it went, what it was, and which pods and keys went with it.
    into: int | None = None
    before: "Case | None" = None
    went: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass
class Pod:
    """One signal."""

    key: str
    firing: bool = False
    acknowledged: datetime | None = None
    case: int | None = None


class Model:
    """Cases by their number, from 1."""

    def __init__(self, pods: dict[str, str]) -> None:
        self.cases: dict[int, Case] = {}
        self.pods = {name: Pod(key) for name, key in pods.items()}
        self.groups: dict[str, int] = {}

    # --- people -----------------------------------------------------------------------------------------

    def open(self, now: datetime) -> None:
        self._add(Case(_detected(now)))

    def move(self, number: int, to: str, reason: str, force: bool, now: datetime) -> str | None:
        case = self.cases[number]
        if case.status == to:
            return None
        fires = to == "resolved" and bool(self.firing(number))
        refusal = _first(
            (case.status == "merged", "incident_merged"),
            (to not in TABLE[case.status].split(), "transition_not_allowed"),
            (to == "merged", "merge_needs_target"),
            ((case.status, to) in REASONED and not reason, "reason_required"),
            (fires and not force, "signals_firing"),
            (fires and not reason, "reason_required"),
        )
        if refusal is not None:
            return refusal
        came_from = case.status
        self._reach(case, to, now)
        case.version += 1
        if came_from not in OPEN and to in OPEN:
            case.timer = None
            self._lead(number, now)
        return None

    def merge(self, number: int, into: int, reason: str, now: datetime) -> str | None:
        case, target = self.cases[number], self.cases[into]
        refusal = _first(
            (case.status == "merged", "incident_merged"),
            (number == into, "merge_into_itself"),
            ("merged" not in TABLE[case.status].split(), "transition_not_allowed"),
            (not reason, "reason_required"),
            (number in self._way(into), "merge_cycle"),
            (target.status == "merged", "merge_target_merged"),
            (target.status not in OPEN, "merge_target_ended"),
        )
        if refusal is not None:
            return refusal
        case.before = replace(case, times=dict(case.times))
        case.into, case.went = into, tuple(self.linked(number))
        case.keys = tuple(key for key, led in self.groups.items() if led == number)
        fires_there = bool(self.firing(number))
        is_awaited = bool(case.timer or target.timer)
        for name in case.went:
            self.pods[name].case = into
        for key in case.keys:
            self.groups[key] = into
        self._reach(case, "merged", now)
        case.relations.append(("merged_into", into))
        target.relations.append(("merged_from", number))
        case.version, target.version = case.version + 1, target.version + 1
        case.timer = None
        if case.last is not None:
            target.last = max(filter(None, (target.last, case.last)))
        if case.went:
            if fires_there:
                target.timer = None
            elif is_awaited and not self.firing(into):
                target.timer = now + STABLE_PERIOD
            self._triage_by(case.went)
        return None

    def split(self, number: int, reason: str, now: datetime) -> str | None:
        case = self.cases[number]
        if case.status != "merged":
            return "incident_not_merged"
        if not reason:
            return "reason_required"
        way = self._way(number)
        before, holder = case.before, way[-1]
        assert before is not None
        assert case.into is not None
        own = self.cases[holder].key if self.cases[holder].status in OPEN else None
        for key in case.keys:
            if self.groups.get(key) == holder and key != own:
                self.groups[key] = number
        back = [name for name in case.went if self.pods[name].case == holder]
        fired_there = bool(self.firing(holder))
        for name in back:
            self.pods[name].case = number
        case.status, case.times = before.status, before.times
        case.relations.remove(("merged_into", case.into))
        self.cases[case.into].relations.remove(("merged_from", number))
        self.cases[case.into].version += 1
        case.version += 1
        case.into = case.before = None
        self._lead(number, now)
        if back:
            there = self.cases[holder]
            if not self.linked(holder):
                there.timer = None
            elif fired_there and not self.firing(holder) and there.status in OPEN:
                there.timer = now + STABLE_PERIOD
            case.last = max(filter(None, (case.last, there.last)))
            case.timer = None if self.firing(number) else now + STABLE_PERIOD
            self._triage_by(back)
        return None

    def relate(self, number: int, other: int) -> str | None:
        if self.cases[number].status == "merged":
            return "incident_merged"
        if number == other:
            return "validation_failed"
        if self.cases[other].status == "merged":
            return "incident_merged"
        for one, far in ((number, other), (other, number)):
            if ("related", far) not in self.cases[one].relations:
                self.cases[one].relations.append(("related", far))
                self.cases[one].version += 1
        return None

    def unrelate(self, number: int, other: int) -> str | None:
        if self.cases[number].status == "merged":
            return "incident_merged"
        if ("related", other) not in self.cases[number].relations:
            return "not_found"
        for one, far in ((number, other), (other, number)):
            if ("related", far) in self.cases[one].relations:
                self.cases[one].relations.remove(("related", far))
                self.cases[one].version += 1
        return None

    def backdate(self, number: int, times: dict[str, datetime], reason: str, now: datetime) -> str | None:
        case = self.cases[number]
        if case.status == "merged":
            return "incident_merged"
        if not reason:
            return "reason_required"
        settable = {name for name in MILESTONES if case.times[name]}
        if case.status in ENDED:
            settable.add("mitigated")
        if times.keys() - settable:
            return "milestone_not_reached"
        after = case.times | times
        reached = [at for name in MILESTONES if (at := after[name])]
        if reached != sorted(reached) or reached[-1] > now:
            return "times_not_chronological"
        if after != case.times:
            case.times = after
            case.version += 1
        return None

    # --- signals and time -------------------------------------------------------------------------------

    def fire(self, name: str, now: datetime) -> None:
        pod = self.pods[name]
        fired, pod.firing, pod.acknowledged = pod.firing, True, None
        here = self.cases[pod.case] if pod.case else None
        if pod.case is None or here is None:
            self._place(name, None, now)
        elif fired and not self._outlived(here, now):
            here.last = now
        elif here.status in OPEN:
            self._join(name, pod.case, now)
        elif self._reopens(here, now) and (here.key is None or self.groups.get(here.key) == pod.case):
            self._reopen(pod.case, now)
            self._join(name, pod.case, now)
        else:
            self._place(name, pod.case, now)

    def resolve(self, name: str, now: datetime) -> None:
        pod = self.pods[name]
        fired, pod.firing, pod.acknowledged = pod.firing, False, None
        if pod.case is None:
            return
        here = self.cases[pod.case]
        here.last = now
        if here.status in OPEN and not self.firing(pod.case) and (fired or here.timer is None):
            here.timer = now + STABLE_PERIOD

    def acknowledge(self, name: str, now: datetime) -> None:
        self.pods[name].acknowledged = now if self.pods[name].firing else None
        self._triage_by([name])

    def pass_time(self, now: datetime) -> None:
        """The timers that are due by ``now`` are done at ``now``."""
        for number, case in self.cases.items():
            if case.timer is not None and case.timer <= now:
                case.timer = None
                if case.status in OPEN and not self.firing(number):
                    case.status = "resolved"
                    case.times["acknowledged"] = case.times["acknowledged"] or now
                    case.times["resolved"] = now
                    case.version += 1

    # --- what follows -----------------------------------------------------------------------------------

    def linked(self, number: int) -> list[str]:
        return [name for name, pod in self.pods.items() if pod.case == number]

    def firing(self, number: int) -> list[str]:
        return [name for name in self.linked(number) if self.pods[name].firing]

    def _way(self, number: int) -> list[int]:
        way: list[int] = []
        into = self.cases[number].into
        while into is not None:
            way.append(into)
            into = self.cases[into].into
        return way

    def _add(self, case: Case) -> int:
        number = len(self.cases) + 1
        self.cases[number] = case
        return number

    def _reach(self, case: Case, to: str, now: datetime) -> None:
        if case.status == "new" and case.times["acknowledged"] is None:
            case.times["acknowledged"] = now
        if case.status in ENDED and to == "investigating":
            case.times |= {"resolved": None, "closed": None}
        if to == "mitigated":
            case.times["mitigated"] = case.times["mitigated"] or now
        if to in {"resolved", "closed"}:
            case.times[to] = now
        case.status = to

    def _lead(self, number: int, now: datetime) -> None:
        key = self.cases[number].key
        if key is None or self.groups.get(key) == number:
            return
        leader = self.groups.get(key)
        if leader is not None and self.cases[leader].status in OPEN:
            self.cases[number].key = None
        else:
            self.groups[key] = number

    def _place(self, name: str, origin: int | None, now: datetime) -> None:
        leader = self.groups.get(self.pods[name].key)
        case = self.cases[leader] if leader else None
        if leader and case and case.status in OPEN and self._is_active(leader, name, now):
            self._join(name, leader, now)
        elif leader and case and self._reopens(case, now):
            self._reopen(leader, now)
            self._join(name, leader, now)
        else:
            self._open_by(name, leader, origin, now)

    def _open_by(self, name: str, leader: int | None, origin: int | None, now: datetime) -> None:
        key = self.pods[name].key
        number = self._add(Case(_detected(now), key=key))
        if leader and self.cases[leader].status in OPEN:
            self.cases[number].relations.append(("related", leader))
            self.cases[leader].relations.append(("related", number))
            if self.cases[leader].key == key:
                self.cases[leader].key = None
        elif origin or leader:
            self.cases[number].relations.append(("recurrence_of", origin or leader or 0))
        self.groups[key] = number
        self._join(name, number, now)

    def _join(self, name: str, number: int, now: datetime) -> None:
        self.pods[name].case = number
        self.cases[number].last, self.cases[number].timer = now, None

    def _reopen(self, number: int, now: datetime) -> None:
        case = self.cases[number]
        case.status = "investigating"
        case.times |= {"resolved": None, "closed": None}
        case.version += 1
        self._lead(number, now)

    def _is_active(self, number: int, name: str, now: datetime) -> bool:
        others = [one for one in self.firing(number) if one != name]
        last = self.cases[number].last
        return last is not None and (bool(others) or now - last <= GROUP_WINDOW)

    def _reopens(self, case: Case, now: datetime) -> bool:
        at = case.times["resolved"]
        return case.status in {"resolved", "postmortem"} and at is not None and now - at <= REOPEN_WINDOW

    def _outlived(self, case: Case, now: datetime) -> bool:
        at = case.times["resolved"]
        return case.status in ENDED and at is not None and now - at > REOPEN_WINDOW

    def _triage_by(self, names: list[str] | tuple[str, ...]) -> None:
        taken_on = [(pod.acknowledged, pod.case) for pod in map(self.pods.get, names) if pod and pod.firing]
        # Several that move at once: it was taken on when the first of them was.
        for at, number in sorted((at, number) for at, number in taken_on if at and number):
            case = self.cases[number]
            if case.status == "new":
                case.status, case.version = "triage", case.version + 1
                # The source's word counts from when it came, but not from before the case was noticed.
                case.times["acknowledged"] = max(filter(None, (at, case.times["detected"])))


def _first(*checks: tuple[bool, str]) -> str | None:
    return next((code for holds, code in checks if holds), None)


def _detected(now: datetime) -> dict[str, datetime | None]:
    return {**dict.fromkeys(MILESTONES), "detected": now}
