import pytest

from services.gateway.relay.window import Window

LEASE = 5.0


@pytest.fixture
def window() -> Window:
    return Window(size=3, batch_limit=4, linger_seconds=0.03, lease_seconds=LEASE)


def hand(window: Window, message_id: str, now: float) -> list[str]:
    """Draw what is due and hand it as one message; return its jobs."""
    entries = window.draw(now)
    if entries:
        window.hand(message_id, entries, now=now)
    return [entry.job_id for entry in entries]


def fill(window: Window, *jobs: str, now: float = 0.0, source: str = "am") -> None:
    for job in jobs:
        window.add(job, source, now=now)


def test_a_job_lingers_for_company(window: Window) -> None:
    fill(window, "a")

    assert window.draw(0.01) == []
    assert window.wake_at(0.01) == pytest.approx(0.03)
    assert hand(window, "m1", 0.03) == ["a"]


def test_a_full_batch_does_not_linger(window: Window) -> None:
    fill(window, "a", "b", "c", "d", "e")

    assert hand(window, "m1", 0.0) == ["a", "b", "c", "d"]
    assert hand(window, "m2", 0.0) == []


def test_sources_take_turns(window: Window) -> None:
    fill(window, "a1", "a2", "a3", "a4", "a5", source="flood")
    fill(window, "b1", source="quiet")

    assert hand(window, "m1", 0.0) == ["a1", "b1", "a2", "a3"]


def test_no_more_messages_are_unfinished_than_the_window_holds(window: Window) -> None:
    fill(window, *(f"j{n}" for n in range(20)))

    handed = [hand(window, f"m{n}", 0.0) for n in range(4)]

    assert [len(jobs) for jobs in handed] == [4, 4, 4, 0]
    assert window.wake_at(0.0) == LEASE
    for job in handed[0]:
        window.finish(job, now=1.0)
    assert len(hand(window, "m5", 1.0)) == 4


def test_a_finished_job_is_forgotten_wherever_it_is(window: Window) -> None:
    fill(window, "waiting", "drawn")
    window.add("later", "am", now=0.0, delay=60)
    window.finish("waiting", now=0.0)
    window.finish("later", now=0.0)
    drawn = window.draw(1.0)
    window.finish("drawn", now=1.0)
    window.hand("m1", drawn, now=1.0)
    window.give_back(drawn, now=1.0)

    assert [entry.job_id for entry in drawn] == ["drawn"]
    assert len(window) == 0
    assert window.counts().messages == 0
    assert window.wake_at(100.0) == float("inf")


def test_a_job_that_finishes_while_it_waits_costs_no_linger_of_the_next(window: Window) -> None:
    fill(window, "a", now=0.0)
    fill(window, "b", now=1.0)
    window.finish("a", now=1.0)

    assert window.draw(1.01) == []
    assert hand(window, "m1", 1.03) == ["b"]


def test_what_the_broker_did_not_take_goes_first_again_in_order(window: Window) -> None:
    fill(window, "a", "b", "c", "d", "e")
    hand(window, "m1", 0.0)
    window.take_back("m1", now=0.0)

    assert hand(window, "m2", 0.1) == ["a", "b", "c", "d"]


def test_a_message_is_lost_once_a_later_one_came_back_and_its_lease_ran_out(window: Window) -> None:
    fill(window, "a")
    hand(window, "m1", 0.1)
    fill(window, "b", now=0.2)
    hand(window, "m2", 0.3)
    window.finish("b", now=0.4)

    assert window.take_lost(5.0) == []
    assert [(lost.job_id, lost.claimed) for lost in window.take_lost(5.1)] == [("a", False)]
    assert window.republished_total == 1


def test_lost_jobs_travel_alone(window: Window) -> None:
    fill(window, "a", "b")
    hand(window, "m1", 0.1)
    window.take_lost(5.1)

    assert [hand(window, "m2", 5.1), hand(window, "m3", 5.1)] == [["a"], ["b"]]


def test_suspects_and_fresh_work_alternate(window: Window) -> None:
    fill(window, "a", "b")
    hand(window, "m1", 0.1)
    window.take_lost(5.1)
    fill(window, "c", "d", "e", "f", now=5.0)

    assert [hand(window, f"n{n}", 5.2) for n in range(3)] == [["a"], ["c", "d", "e", "f"], ["b"]]


def test_slow_work_in_order_is_not_lost(window: Window) -> None:
    fill(window, *(f"j{n}" for n in range(12)))
    for n in range(3):
        hand(window, f"m{n}", 0.0)

    for second in range(1, 12):
        window.finish(f"j{second - 1}", now=second * 4.0)
        assert window.take_lost(second * 4.0) == []


def test_while_nothing_comes_back_one_message_is_handed_again_at_growing_intervals(window: Window) -> None:
    fill(window, *(f"j{n}" for n in range(12)))
    for n in range(3):
        hand(window, f"m{n}", 0.0)

    published = []
    for tenth in range(1, 1000):
        now = tenth / 10
        window.take_lost(now)
        while hand(window, f"again-{now}-{len(published)}", now):
            published.append(now)

    assert published == [5.0, 15.0, 35.0, 55.0, 75.0, 95.0]


def test_a_probe_that_comes_back_brings_back_everything_the_broker_lost(window: Window) -> None:
    fill(window, *(f"j{n}" for n in range(12)))
    for n in range(3):
        hand(window, f"m{n}", 0.0)
    window.take_lost(5.0)
    assert hand(window, "probe", 5.0) == ["j0"]
    window.finish("j0", now=5.1)

    assert {lost.job_id for lost in window.take_lost(5.1)} == {f"j{n}" for n in range(4, 12)}


def test_what_the_broker_lost_beside_long_work_comes_back_at_once_when_another_worker_is_seen_to_be_free() -> None:
    window = Window(size=8, batch_limit=1, linger_seconds=0.0, lease_seconds=LEASE)
    fill(window, "long", "a", "b", "c", "d", "e")
    for number in range(6):
        hand(window, f"m{number}", 0.0)
    window.claim("long", "am", attempt=1, now=0.0)
    window.beat("long", attempt=1, now=4.0)
    # Nobody can tell yet whether the one worker there is at other work.
    assert [(lost.job_id, lost.untaken) for lost in window.take_lost(5.0)] == [("a", True)]
    assert hand(window, "m6", 5.0) == ["a"]
    window.finish("a", now=5.0)
    window.beat("long", attempt=1, now=9.0)
    assert [(lost.job_id, lost.untaken) for lost in window.take_lost(10.0)] == [("b", False)]
    assert hand(window, "m7", 10.0) == ["b"]
    window.finish("b", now=10.0)

    assert [lost.job_id for lost in window.take_lost(10.0)] == ["c", "d", "e"]
    assert window.republished_total == 4


def test_what_waits_behind_one_long_job_after_another_stays_untaken() -> None:
    window = Window(size=8, batch_limit=1, linger_seconds=0.0, lease_seconds=LEASE)
    fill(window, "long", "longer", "a")
    for number in range(3):
        hand(window, f"m{number}", 0.0)
    window.claim("long", "am", attempt=1, now=0.0)
    window.finish("long", now=4.0)
    window.claim("longer", "am", attempt=1, now=4.0)
    window.beat("longer", attempt=1, now=8.0)

    assert [(lost.job_id, lost.untaken) for lost in window.take_lost(9.0)] == [("a", True)]
    assert window.republished_total == 0


def test_a_new_worker_makes_probes_quick_again(window: Window) -> None:
    fill(window, "a")
    hand(window, "m1", 0.1)
    window.take_lost(5.1)
    hand(window, "m2", 5.1)
    assert window.wake_at(6.0) == pytest.approx(15.1)

    window.welcome_worker(9.0)

    assert window.wake_at(9.0) == pytest.approx(11.5)


def test_a_claimed_attempt_lives_by_its_own_beats(window: Window) -> None:
    window.add("a", "am", now=0.0, suspect=True)
    hand(window, "m1", 0.0)
    window.claim("a", "", attempt=1, now=1.0)
    assert window.beat("a", attempt=1, now=4.0)
    assert not window.beat("a", attempt=2, now=4.0)

    assert window.take_lost(8.9) == []
    lost = window.take_lost(9.0)

    assert [(one.job_id, one.source, one.attempt, one.claimed) for one in lost] == [("a", "am", 1, True)]
    assert "a" not in window


def test_a_claim_from_a_message_that_counts_as_lost_is_taken_in(window: Window) -> None:
    fill(window, "a", "b")
    hand(window, "m1", 0.1)
    window.take_lost(5.1)

    window.claim("a", "", attempt=1, now=5.2)

    assert hand(window, "m2", 5.2) == ["b"]
    assert window.counts().running == 1


def test_a_failed_attempt_waits_for_its_time_and_travels_alone(window: Window) -> None:
    fill(window, "a", "b")
    hand(window, "m1", 0.1)
    window.fail("a", "", now=0.2, attempt=1, delay=2.0)

    assert window.counts().delayed == 1
    assert hand(window, "m2", 2.0) == []
    assert hand(window, "m3", 2.2) == ["a"]


def test_counts_add_up(window: Window) -> None:
    fill(window, "a", "b", "c", "d", "e")
    hand(window, "m1", 0.0)
    window.add("later", "am", now=0.0, delay=9)
    window.claim("run", "am", attempt=1, now=0.0)

    counts = window.counts()

    assert (counts.waiting, counts.delayed, counts.handed, counts.running, counts.messages) == (1, 1, 4, 1, 2)
    assert window.oldest_age(3.0) == 3.0
