"""Whatever happens in whatever order: nothing is forgotten, the window is kept, and all work ends."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.gateway.relay.window import Window

SIZE, BATCH = 3, 4


class WindowMachine(RuleBasedStateMachine):
    """A relay, a broker that may lose everything, and a worker that may die, around a window."""

    def __init__(self) -> None:
        super().__init__()
        self.window = Window(size=SIZE, batch_limit=BATCH, linger_seconds=0.1, lease_seconds=5.0)
        self.now = 0.0
        self.made = 0
        self.unfinished: set[str] = set()
        self.broker: list[tuple[str, ...]] = []
        self.attempts: dict[str, int] = {}
        self.messages = 0

    @rule(count=st.integers(1, 6), source=st.sampled_from("xyz"), delay=st.sampled_from([0.0, 0.0, 3.0]))
    def add(self, count: int, source: str, delay: float) -> None:
        for _ in range(count):
            self.made += 1
            job = f"j{self.made}"
            self.unfinished.add(job)
            self.window.add(job, source, now=self.now, delay=delay)

    @rule(seconds=st.sampled_from([0.05, 0.2, 1.0, 6.0, 30.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(broker_is_up=st.booleans())
    def feed(self, broker_is_up: bool) -> None:
        while entries := self.window.draw(self.now):
            self.messages += 1
            assert len(entries) <= BATCH
            assert len(entries) == 1 or not any(entry.suspect for entry in entries)
            self.window.hand(f"m{self.messages}", entries, now=self.now)
            if not broker_is_up:
                self.window.take_back(f"m{self.messages}", now=self.now)
                return
            self.broker.append(tuple(entry.job_id for entry in entries))

    @rule(is_attended=st.booleans())
    def sweep(self, is_attended: bool) -> None:
        for lost in self.window.take_lost(self.now, is_attended=is_attended):
            if lost.claimed:
                self.window.add(lost.job_id, lost.source, now=self.now, attempt=lost.attempt, suspect=True)

    @rule(answered=st.integers(0, BATCH))
    def work(self, answered: int) -> None:
        if self.broker:
            for job in self.broker.pop(0)[:answered]:
                self.unfinished.discard(job)
                self.window.finish(job, now=self.now)

    @rule()
    def claim_and_die(self) -> None:
        if self.broker:
            job = self.broker.pop(0)[0]
            if job in self.unfinished:
                self.attempts[job] = self.attempts.get(job, 0) + 1
                self.window.claim(job, "", attempt=self.attempts[job], now=self.now)

    @rule()
    def fail(self) -> None:
        if self.broker:
            job = self.broker.pop(0)[0]
            if job in self.unfinished:
                self.window.fail(job, "", now=self.now, attempt=self.attempts.get(job, 0), delay=1.0)

    @rule()
    def flush(self) -> None:
        self.broker.clear()

    @rule()
    def welcome(self) -> None:
        self.window.welcome_worker(self.now)

    @invariant()
    def nothing_is_forgotten(self) -> None:
        assert len(self.window) == len(self.unfinished)
        assert all(job in self.window for job in self.unfinished)

    @invariant()
    def the_figures_add_up(self) -> None:
        counts = self.window.counts()
        assert min(counts.waiting, counts.delayed, counts.handed, counts.running) >= 0
        assert counts.waiting + counts.delayed + counts.handed + counts.running == len(self.unfinished)

    def teardown(self) -> None:
        """With a broker and a worker that do their part, all work ends, and never by spinning."""
        for _ in range(2_000):
            if not self.unfinished:
                break
            self.sweep(is_attended=True)
            self.feed(broker_is_up=True)
            while self.broker:
                self.work(BATCH)
            wake_at = self.window.wake_at(self.now)
            assert wake_at < float("inf") or not self.unfinished
            self.now = max(self.now + 0.001, min(wake_at, self.now + 60))
        assert not self.unfinished
        assert self.window.counts().messages == 0


WindowMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestWindowMachine = WindowMachine.TestCase
