"""Empty a cordoned node: evict its pods one by one, wait for budgets, and say of each how it went."""

from collections import deque
from dataclasses import dataclass, field

import msgspec

from services.actions.domain.draining import Fate, fate_of, sort_pods
from services.actions.domain.kinds import POD
from services.actions.domain.objects import KubeObject
from services.actions.domain.remediations.pods import evict, grace_of
from services.actions.domain.remediations.shape import Sight
from services.actions.domain.requests import bind
from services.actions.domain.words import look_at_node_command, look_at_pod_command
from services.actions.errors import Conflict, Forbidden, KubeError, TargetNotFound, TooManyRequests
from services.actions.ports import IsCancelled, KubeClient, OnProgress, Pace, Selection
from shared.contracts.action import ExecutionOutcome, ExecutionState, StepsDone

_SECONDS = 300
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
# How often an eviction that met a newer version of its pod is tried with that before others get their turn.
_MOST_LOOKS = 4
_S = ExecutionState


@dataclass(slots=True, kw_only=True)
class _Round:
    """A drain under way."""

    sight: Sight
    client: KubeClient
    pace: Pace
    ends_at: float
    cordoned: ExecutionOutcome
    on_progress: OnProgress
    is_cancelled: IsCancelled
    waiting: deque[KubeObject]
    total: int
    done: list[str] = field(default_factory=list)
    # What a budget said last of a pod that waits, by its uid.
    refused: dict[str, str] = field(default_factory=dict)

    def tell(self, doing: str = "") -> None:
        self.on_progress(StepsDone(done=tuple(self.done), doing=doing, total=self.total))

    def end(self, state: ExecutionState, words: str, code: str = "", look: str = "") -> ExecutionOutcome:
        left = [f"{pod.namespace}/{pod.name}" for pod in self.waiting]
        if state is not _S.SUCCEEDED and left:
            words = f"{words}; not evicted: {', '.join(left[:20])}" + (" and more" if len(left) > 20 else "")  # noqa: PLR2004
        return msgspec.structs.replace(
            self.cordoned, state=state, words=words, code=code, done=tuple(self.done), look=look
        )  # fmt: skip


def drain(
    sight: Sight,
    cordoned: ExecutionOutcome,
    client: KubeClient,
    on_progress: OnProgress,
    is_cancelled: IsCancelled,
    pace: Pace,
) -> ExecutionOutcome:
    """Evict the pods of a node that was just cordoned, until none is left.

    It ends before when time is up, somebody cancels, or the worker is told to stop. Each eviction is sent for exactly
    the pod that was read; a budget's refusal is waited out. What the outcome says was done was done, whatever its
    state.
    """
    ends_at = pace.clock() + sight.parameters.get("timeoutSeconds", _SECONDS)
    round_ = _Round(
        sight=sight,
        client=client,
        pace=pace,
        ends_at=ends_at,
        cordoned=cordoned,
        on_progress=on_progress,
        is_cancelled=is_cancelled,
        waiting=deque(),
        total=1,
        done=list(cordoned.done),
    )
    round_.tell()
    return _fill(round_) or _evict_all(round_)


def _evict_all(round_: _Round) -> ExecutionOutcome:
    """Go round the pods that wait, each time later where nothing moved."""
    pause = _FIRST_PAUSE
    while round_.waiting:
        before = len(round_.waiting)
        asked = 0.0
        for _ in range(before):
            stepped = _step(round_)
            if isinstance(stepped, ExecutionOutcome):
                return stepped
            asked = max(asked, stepped)
        pause = _FIRST_PAUSE if len(round_.waiting) < before else min(_LONGEST_PAUSE, pause * 2)
        if ended := _wait(round_, max(pause, asked)):
            return ended
    return round_.end(_S.SUCCEEDED, f"cordoned, and {len(round_.done) - 1} pods evicted")


def _fill(round_: _Round) -> ExecutionOutcome | None:
    """List the pods anew: now that the node is cordoned, no more come."""
    selector = f"spec.nodeName={round_.sight.target.payload.name}"
    try:
        pods = round_.client.list(Selection(POD, fields=selector))
    except KubeError as error:
        return round_.end(_S.PARTIAL, f"cordoned, but its pods could not be listed: {error}", error.code)
    found = sort_pods(pods, round_.sight.parameters)
    round_.waiting = deque(found[Fate.EVICT])
    round_.total = 1 + len(round_.waiting)
    came = [*found[Fate.UNMANAGED], *found[Fate.LOSES_DATA]]
    if came:
        # It came between the last look and the cordon.
        names = ", ".join(f"{pod.namespace}/{pod.name}" for pod in came)
        return round_.end(_S.PARTIAL, f"cordoned, but must not evict {names} without being told so", "not_possible")
    return None


def _step(round_: _Round) -> ExecutionOutcome | float:
    """Try the next pod; return the end of the drain, or for how many seconds the server asks to wait."""
    if ended := _stopped(round_):
        return ended
    pod = round_.waiting.popleft()
    words = f"evict {pod.namespace}/{pod.name}"
    round_.tell(words)
    try:
        _evict(round_, pod)
    except TooManyRequests as error:
        round_.refused[pod.uid] = str(error)
        round_.waiting.append(pod)
        round_.tell()
        return error.seconds or 0.0
    except Conflict as error:
        round_.refused[pod.uid] = str(error)
        round_.waiting.append(pod)
    except KubeError as error:
        round_.waiting.appendleft(pod)
        return _ended_by(round_, pod, error)
    else:
        round_.done.append(words)
    if round_.waiting:
        round_.tell()
    return 0.0


def _evict(round_: _Round, pod: KubeObject) -> None:
    """Evict one pod, read again where it changed. A pod that has ended by itself is as good as evicted."""
    for look in range(_MOST_LOOKS):
        try:
            round_.client.write(bind(evict(pod, pod.namespace, grace_of(round_.sight)), pod), dry_run=False)
        except Conflict:
            if look + 1 == _MOST_LOOKS:
                raise
        except TargetNotFound:
            return
        else:
            return
        try:
            again = round_.client.read(POD, pod.namespace, pod.name)
        except TargetNotFound:
            return
        # Another pod of the same name, as StatefulSets make them: it runs elsewhere and is none of ours.
        if again.uid != pod.uid or fate_of(again, round_.sight.parameters) is not Fate.EVICT:
            return
        pod = again


def _ended_by(round_: _Round, pod: KubeObject, error: KubeError) -> ExecutionOutcome:
    where = f"{pod.namespace}/{pod.name}"
    if error.may_be_done:
        look = look_at_pod_command(round_.sight.target.payload.context, pod.namespace, pod.name)
        words = f"{error}; whether {where} was evicted is not known, and it is not tried again"
        return round_.end(_S.UNKNOWN, words, error.code, look)
    ended = round_.end(_S.PARTIAL, f"{where} could not be evicted: {error}", error.code)
    return msgspec.structs.replace(ended, needs=(error.rule,) if isinstance(error, Forbidden) else ())


def _stopped(round_: _Round) -> ExecutionOutcome | None:
    look = look_at_node_command(round_.sight.target.payload)
    if round_.is_cancelled():
        said = f"cancelled: cordoned, and {len(round_.done) - 1} of {round_.total - 1} pods evicted"
        return round_.end(_S.CANCELLED, said, "cancelled", look)
    if round_.pace.is_ending():
        # Rather than be killed in the middle of an eviction, of which nobody would know.
        said = f"the worker was stopped: cordoned, and {len(round_.done) - 1} of {round_.total - 1} pods evicted"
        return round_.end(_S.PARTIAL, said, "worker_stopped", look)
    if round_.pace.clock() >= round_.ends_at:
        last = next(iter(round_.refused.values()), "")
        said = f"time is up: cordoned, and {len(round_.done) - 1} of {round_.total - 1} pods evicted"
        return round_.end(_S.PARTIAL, f"{said}; {last}" if last else said, "drain_timeout", look)
    return None


def _wait(round_: _Round, seconds: float) -> ExecutionOutcome | None:
    """Wait before the next round, in short pauses, so that cancelling does not have to wait as long."""
    if not round_.waiting:
        return None
    until = min(round_.pace.clock() + seconds, round_.ends_at)
    while (left := until - round_.pace.clock()) > 0:
        if ended := _stopped(round_):
            return ended
        round_.pace.pause(min(left, _FIRST_PAUSE))
    return _stopped(round_)
