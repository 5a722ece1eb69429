"""The proof of durability: every file operation of a workload is interrupted, in every way a disk knows."""

import errno
from itertools import count

import pytest

from services.gateway.adapters.json_store import open_json_store
from services.gateway.adapters.json_store.journal import Journal
from services.gateway.adapters.json_store.store import Options
from services.gateway.errors import StoreFull, StoreUnavailable
from tests.support.disk_double import DiskDouble, PowerLoss, Survivors
from tests.support.store_workload import CHANGES, Model, make_step, read_model

_indexes = count()


def open_on(disk, tmp_path, clock, index=None):
    options = Options(
        files=disk,
        lock=False,
        views=False,
        segment_bytes=2_500,
        compact_bytes=0,
        index_path=index or tmp_path / f"index-{next(_indexes)}.sqlite",
    )
    return open_json_store(tmp_path / "data", clock=clock, options=options)


class Outcome:
    """What the workload was told: the model of acknowledged changes, and what else may be there."""

    def __init__(self):
        self.acknowledged = Model()
        self.in_flight = None
        self.refused = 0

    def allowed(self):
        return [self.acknowledged] if self.in_flight is None else [self.acknowledged, self.in_flight]


def play(disk, tmp_path, clock, index=None):
    """Make every change, in order, on ``disk``; go on after a refusal, stop at power loss."""
    outcome = Outcome()
    try:
        store = open_on(disk, tmp_path, clock, index)
    except (PowerLoss, OSError):
        return outcome
    try:
        for change in CHANGES:
            if change[0] == "compact":
                store.catch_up()
                store.compact()
                continue
            after = outcome.acknowledged.copy()
            try:
                after.apply(change)
            except KeyError:
                continue  # What it builds on was refused before.
            try:
                store.transact(make_step(change))
            except (StoreFull, StoreUnavailable):
                outcome.refused += 1
                if disk._is_off:
                    outcome.in_flight = after
                    break
            else:
                outcome.acknowledged = after
    except PowerLoss:
        pass
    finally:
        try:
            store.close()
        except PowerLoss:
            store._index.close()
    return outcome


def assert_survived(disk, outcome, tmp_path, clock, index=None):
    store = open_on(disk, tmp_path, clock, index)
    try:
        found = read_model(store)
        expected = [model for model in outcome.allowed() if same(model, found)]
        assert expected, f"found {found}, allowed {outcome.allowed()}"
        # And it goes on from there: the next number is one nobody has.
        store.transact(make_step(("open", 7)))
        number = read_model(store).incidents["inc_7"][0]
        assert number > max((n for n, _ in found.incidents.values()), default=0)
        assert number > outcome.acknowledged.last_number
    finally:
        store.close()


def same(model, found):
    return (model.incidents, model.groups, model.timelines) == (found.incidents, found.groups, found.timelines)


def operations(tmp_path, clock):
    disk = DiskDouble()
    outcome = play(disk, tmp_path, clock)
    assert outcome.refused == 0
    return disk.operations


def test_the_workload_uses_every_kind_of_operation_and_survives_undisturbed(tmp_path, clock):
    disk = DiskDouble()
    outcome = play(disk, tmp_path, clock)

    assert set(disk.operations) == {"create", "write", "sync", "sync_dir", "rename", "unlink"}
    for survivors in Survivors:
        assert_survived(disk.after_power_loss(survivors), outcome, tmp_path, clock)


def test_power_loss_at_every_operation_keeps_exactly_what_was_acknowledged(tmp_path, clock):
    for number in range(1, len(operations(tmp_path, clock)) + 1):
        disk = DiskDouble(lambda n, _name, at=number: PowerLoss() if n == at else None)
        outcome = play(disk, tmp_path, clock)
        for survivors in Survivors:
            assert_survived(disk.after_power_loss(survivors), outcome, tmp_path, clock)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_one_failed_operation_refuses_what_it_was_for_and_nothing_else(tmp_path, clock, code):
    for number in range(1, len(operations(tmp_path, clock)) + 1):
        disk = DiskDouble(lambda n, _name, at=number: OSError(code, "made to fail") if n == at else None)
        outcome = play(disk, tmp_path, clock)
        assert outcome.refused <= 1
        for survivors in Survivors:
            assert_survived(disk.after_power_loss(survivors), outcome, tmp_path, clock)


def test_a_store_says_what_is_wrong_until_a_write_works_again(tmp_path, clock):
    is_full = []
    disk = DiskDouble(lambda _n, name: OSError(errno.ENOSPC, "made to fail") if is_full and name == "write" else None)
    store = open_on(disk, tmp_path, clock)
    store.transact(make_step(("open", 0)))

    is_full.append(True)
    with pytest.raises(StoreFull):
        store.transact(make_step(("open", 1)))
    assert "made to fail" in store.health()
    assert read_model(store).incidents == {"inc_0": (1, "title 0")}
    is_full.clear()
    store.transact(make_step(("open", 2)))

    assert store.health() is None
    assert read_model(store).incidents == {"inc_0": (1, "title 0"), "inc_2": (2, "title 2")}
    store.close()


def test_a_full_disk_gets_no_new_segment_at_every_try(tmp_path, clock):
    is_full = []
    disk = DiskDouble(lambda _n, name: OSError(errno.ENOSPC, "made to fail") if is_full and name == "write" else None)
    store = open_on(disk, tmp_path, clock)
    store.transact(make_step(("open", 0)))
    is_full.append(True)
    for _ in range(5):
        with pytest.raises(StoreFull):
            store.transact(make_step(("open", 1)))
    is_full.clear()
    store.transact(make_step(("open", 2)))

    assert disk.operations.count("create") == 2  # FORMAT and one segment.
    assert read_model(store).incidents == {"inc_0": (1, "title 0"), "inc_2": (2, "title 2")}
    store.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_for_good_loses_nothing_acknowledged(tmp_path, clock, code):
    for number in range(1, len(operations(tmp_path, clock)) + 1):
        disk = DiskDouble(lambda n, _name, at=number: OSError(code, "made to fail") if n >= at else None)
        outcome = play(disk, tmp_path, clock)
        # What unsynced bytes look like is open here: the store said that it is unavailable.
        assert_survived(disk.after_power_loss(Survivors.NOTHING), outcome, tmp_path, clock)
        assert_survived(disk.after_power_loss(Survivors.TORN), outcome, tmp_path, clock)


def test_a_stale_index_is_brought_to_the_journal(tmp_path, clock):
    for number in range(1, len(operations(tmp_path, clock)) + 1, 3):
        index = tmp_path / f"stale-{number}.sqlite"
        disk = DiskDouble(lambda n, _name, at=number: PowerLoss() if n == at else None)
        outcome = play(disk, tmp_path, clock, index)
        for survivors in (Survivors.NOTHING, Survivors.EVERYTHING):
            found = disk.after_power_loss(survivors)
            # The first reopening continues the index of before the loss; the second one the index of the first.
            assert_survived(found, outcome, tmp_path, clock, index)


def test_an_index_that_is_ahead_of_the_journal_is_built_anew(tmp_path, clock):
    index = tmp_path / "ahead.sqlite"
    play(DiskDouble(), tmp_path, clock, index)
    empty = DiskDouble()

    assert_survived(empty, Outcome(), tmp_path, clock, index)


def test_the_suite_catches_a_journal_that_answers_before_it_syncs(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(Journal, "_write", lambda _self, file, data: file.write(data))

    with pytest.raises(AssertionError):
        test_power_loss_at_every_operation_keeps_exactly_what_was_acknowledged(tmp_path, clock)


def test_the_suite_catches_a_journal_that_does_not_sync_its_folder(tmp_path, clock, monkeypatch):
    real = DiskDouble.sync_dir

    def forgets(self, folder):
        if folder.name != "journal":
            real(self, folder)

    monkeypatch.setattr(DiskDouble, "sync_dir", forgets)

    with pytest.raises(AssertionError):
        test_power_loss_at_every_operation_keeps_exactly_what_was_acknowledged(tmp_path, clock)
