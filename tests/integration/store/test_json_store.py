import json
import shutil
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from services.gateway.adapters.json_store import open_json_store
from services.gateway.adapters.json_store.archive import export, import_
from services.gateway.adapters.json_store.check import check, rebuild_index
from services.gateway.adapters.json_store.index import Index
from services.gateway.adapters.json_store.lines import read_header, read_lines, write_line
from services.gateway.adapters.json_store.store import Options
from services.gateway.domain.records import Group, Incident, IncidentStatus, Job
from services.gateway.errors import ArchiveUnusable, StoreDamaged, StoreLocked, StoreUnavailable
from services.gateway.ports import IncidentQuery, RecordQuery
from tests.support.records import NOW, a_draft, a_job, an_incident


def fill(store, count=20):
    for n in range(count):
        store.transact(lambda tx, n=n: (tx.put(an_incident(f"inc_{n}")), tx.append(f"inc_{n}", a_draft())))


def journals(data_dir):
    return sorted((data_dir / "store" / "journal").glob("*.log"))


def flip(path, offset):
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


def test_a_second_gateway_is_refused_and_told_whose_folder_it_is(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock)

    with pytest.raises(StoreLocked, match="in use by another gateway"):
        open_json_store(tmp_path, clock=clock, options=Options(lock_wait_seconds=0.2))
    store.close()
    open_json_store(tmp_path, clock=clock, options=Options(lock_wait_seconds=0.2)).close()


def test_the_next_gateway_waits_while_the_old_one_shuts_down(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock)
    threading.Timer(0.5, store.close).start()

    open_json_store(tmp_path, clock=clock, options=Options(lock_wait_seconds=20)).close()


_WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from services.gateway.adapters.json_store import open_json_store
from shared.adapters.clock import SystemClock
from tests.support.records import an_incident
store = open_json_store(Path(sys.argv[1]), clock=SystemClock())
n = 0
while True:
    store.transact(lambda tx: tx.put(an_incident(f"inc_{n}")))
    print(n, flush=True)
    n += 1
"""


def test_what_was_acknowledged_outlives_kill_nine(tmp_path, clock):
    writer = subprocess.Popen([sys.executable, "-c", _WRITE_UNTIL_KILLED, str(tmp_path)], stdout=subprocess.PIPE)
    acknowledged = [int(writer.stdout.readline()) for _ in range(200)]
    writer.kill()
    acknowledged += [int(line) for line in writer.stdout.read().split()]
    writer.wait()
    writer.stdout.close()

    store = open_json_store(tmp_path, clock=clock)
    found = store.list_incidents(IncidentQuery(limit=1)).total

    assert all(store.find(Incident, f"inc_{n}") for n in acknowledged)
    assert found in (len(acknowledged), len(acknowledged) + 1)
    store.close()
    assert check(tmp_path).problems == []


def test_a_plain_copy_under_load_opens_and_checks_clean(tmp_path, clock):
    store = open_json_store(tmp_path / "live", clock=clock)
    stop = threading.Event()

    def write():
        n = 0
        while not stop.is_set():
            store.transact(lambda tx, n=n: (tx.put(an_incident(f"inc_{n}")), tx.append(f"inc_{n}", a_draft())))
            n += 1

    writer = threading.Thread(target=write)
    writer.start()
    while store.last_seq < 50:
        pass
    shutil.copytree(tmp_path / "live", tmp_path / "copy", ignore=shutil.ignore_patterns("*.tmp", "index.sqlite*"))
    stop.set()
    writer.join()
    store.close()

    report = check(tmp_path / "copy")
    copied = open_json_store(tmp_path / "copy", clock=clock)

    assert report.problems == []
    assert report.incidents >= 50
    assert copied.list_incidents(IncidentQuery()).total == report.incidents
    copied.close()


def test_check_names_the_file_and_byte_of_any_flipped_bit(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock)
    fill(store)
    store.close()
    journal = journals(tmp_path)[0]
    size = journal.stat().st_size

    assert check(tmp_path).problems == []
    for offset in range(0, size - 1, max(1, size // 60)):
        flip(journal, offset)
        problems = check(tmp_path).problems
        flip(journal, offset)
        # In the very last line nothing tells damage from a commit that power loss cut short.
        in_last_line = offset >= journal.read_bytes().rstrip(b"\n").rfind(b"\n")
        assert problems or in_last_line, offset
        assert not problems or str(journal) in problems[0] or in_last_line
    assert check(tmp_path).problems == []


def test_damage_in_the_middle_stops_the_start_with_the_name_of_the_file(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock)
    fill(store)
    store.close()
    flip(journals(tmp_path)[0], 2000)
    (tmp_path / "store" / "index.sqlite").unlink()

    with pytest.raises(StoreDamaged, match=r"00000001\.log"):
        open_json_store(tmp_path, clock=clock)


def test_an_altered_entry_with_a_mended_checksum_still_breaks_the_chain(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock)
    store.transact(
        lambda tx: [tx.put(an_incident()), *(tx.append("inc_1", a_draft(message=f"m{n}")) for n in range(3))]
    )
    store.close()
    journal = journals(tmp_path)[0]
    content = journal.read_bytes()
    _, start = read_header(content)
    line = next(read_lines(content, start))
    forged = [(e.key, e.body.replace(b'"m1"', b'"xx"') if e.body else None) for e in line.entries]
    journal.write_bytes(content[:start] + write_line(line.seq, line.at, forged, line.group)[0])

    problems = check(tmp_path).problems

    assert any("timeline of inc_1: entry 3 does not follow" in problem for problem in problems)


def test_a_lost_or_spoilt_index_is_built_anew(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock)
    fill(store)
    store.close()

    for spoil in (lambda path: path.unlink(), lambda path: path.write_bytes(b"not a database" * 100)):
        spoil(tmp_path / "store" / "index.sqlite")
        store = open_json_store(tmp_path, clock=clock)
        assert store.list_incidents(IncidentQuery(text="checkout")).total == 20
        store.close()
    assert rebuild_index(tmp_path) == 20


def test_a_store_of_a_newer_format_is_refused(tmp_path, clock):
    open_json_store(tmp_path, clock=clock).close()
    format_file = tmp_path / "store" / "FORMAT"
    format_file.write_text(format_file.read_text().replace('"format":1', '"format":2'))

    with pytest.raises(StoreDamaged, match="newer Faultline"):
        open_json_store(tmp_path, clock=clock)


def test_views_show_people_what_the_store_holds(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock)
    fill(store, 2)
    store.transact(lambda tx: tx.append("inc_1", a_draft(message="rolled back")))
    store.transact(lambda tx: tx.remove_incident("inc_0"))
    store.close()

    incidents = tmp_path / "incidents"
    view = json.loads((incidents / "inc_1.json").read_text())
    timeline = [json.loads(line) for line in (incidents / "inc_1.timeline.jsonl").read_text().splitlines()]

    assert view["title"] == "Checkout is down"
    assert view["timeline"]["hash"] == timeline[-1]["hash"]
    assert [entry["message"] for entry in timeline] == ["Looking into it", "rolled back"]
    assert [item["number"] for item in json.loads((incidents / "index.json").read_text())] == [2]
    assert not (incidents / "inc_0.json").exists()


def test_views_are_brought_up_to_date_after_a_crash(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock, options=Options(views=False))
    fill(store, 3)
    store.close()

    open_json_store(tmp_path, clock=clock).close()

    assert len(list((tmp_path / "incidents").glob("inc_?.json"))) == 3


def test_compaction_keeps_what_is_needed_and_gives_the_rest_back(tmp_path, clock):
    options = Options(segment_bytes=20_000, compact_bytes=10_000)
    store = open_json_store(tmp_path, clock=clock, options=options)
    fill(store, 10)
    for n in range(700):
        store.transact(lambda tx, n=n: tx.put(Group(dedup_key=f"g{n % 7}", incident_id=f"inc_{n}", opened_at=NOW)))
    store.transact(lambda tx: tx.remove_incident("inc_3"))
    before = sum(path.stat().st_size for path in journals(tmp_path))

    assert store.compact()
    after = sum(path.stat().st_size for path in journals(tmp_path))
    read = [store.get(Group, f"g{n}").incident_id for n in range(7)]
    store.close()
    report = check(tmp_path)
    (tmp_path / "store" / "index.sqlite").unlink()
    reopened = open_json_store(tmp_path, clock=clock, options=options)

    assert after < before / 2
    assert read == [reopened.get(Group, f"g{n}").incident_id for n in range(7)]
    assert reopened.find(Incident, "inc_3") is None
    assert report.problems == []
    assert report.incidents == 9
    reopened.close()


def test_reads_and_writes_go_on_during_compaction(tmp_path, clock):
    options = Options(segment_bytes=5_000, compact_bytes=0)
    store = open_json_store(tmp_path, clock=clock, options=options)
    fill(store, 20)
    stop, errors = threading.Event(), []

    def work(number):
        n = 0
        while not stop.is_set():
            try:
                store.transact(lambda tx, n=n: tx.put(a_job(f"job_{number}_{n % 5}", attempt=n)))
                store.get(Incident, f"inc_{n % 20}")
                store.list_timeline(f"inc_{n % 20}")
                store.list_records(Job, RecordQuery(limit=3))
            except Exception as error:  # noqa: BLE001 — a thread's error is asserted on by the test.
                errors.append(error)
                return
            n += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    deadline, compacted = time.monotonic() + 60, 0
    while compacted < 3 and time.monotonic() < deadline and not errors:
        compacted += store.compact()
    stop.set()
    for thread in threads:
        thread.join()
    store.close()

    assert errors == []
    assert compacted == 3
    assert check(tmp_path).problems == []


def test_an_export_is_imported_as_it_was(tmp_path, clock):
    store = open_json_store(tmp_path / "one", clock=clock)
    fill(store, 5)
    store.transact(lambda tx: tx.put(an_incident("inc_x", status=IncidentStatus.CLOSED)))
    # Beside the live gateway.
    export(tmp_path / "one", tmp_path / "backup.tar.gz")
    store.close()

    report = import_(tmp_path / "backup.tar.gz", tmp_path / "two")
    copy = open_json_store(tmp_path / "two", clock=clock)

    assert report.problems == []
    assert copy.get(Incident, "inc_x").status is IncidentStatus.CLOSED
    assert copy.list_incidents(IncidentQuery()).total == 6
    copy.close()
    with pytest.raises(ArchiveUnusable, match="holds a store already"):
        import_(tmp_path / "backup.tar.gz", tmp_path / "two")


def test_only_its_owner_may_read_an_archive(tmp_path, clock):
    open_json_store(tmp_path / "one", clock=clock).close()
    # What a run that was cut off left behind gives its mode to nothing.
    (tmp_path / "backup.tar.gz.tmp").touch(mode=0o644)

    export(tmp_path / "one", tmp_path / "backup.tar.gz")

    assert (tmp_path / "backup.tar.gz").stat().st_mode & 0o777 == 0o600


def test_what_was_imported_is_its_owners_only_though_the_folder_was_not(tmp_path, clock):
    store = open_json_store(tmp_path / "one", clock=clock)
    fill(store, count=2)
    store.close()
    export(tmp_path / "one", tmp_path / "backup.tar.gz")
    (tmp_path / "two").mkdir(mode=0o755)

    import_(tmp_path / "backup.tar.gz", tmp_path / "two")

    folders = [path for path in (tmp_path / "two").rglob("*") if path.is_dir()]
    assert tmp_path / "two/store/journal" in folders
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_an_archive_for_a_folder_that_is_not_there_is_refused(tmp_path, clock):
    open_json_store(tmp_path / "one", clock=clock).close()

    with pytest.raises(ArchiveUnusable, match="does not exist"):
        export(tmp_path / "one", tmp_path / "none" / "backup.tar.gz")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("spoil", [lambda b: b[: len(b) // 2], lambda b: b"not an archive", lambda b: b""])
def test_a_spoilt_archive_changes_nothing(tmp_path, clock, spoil):
    store = open_json_store(tmp_path / "one", clock=clock)
    fill(store, 2)
    store.close()
    archive = tmp_path / "backup.tar.gz"
    export(tmp_path / "one", archive)
    archive.write_bytes(spoil(archive.read_bytes()))

    with pytest.raises(ArchiveUnusable):
        import_(archive, tmp_path / "two")
    assert list((tmp_path / "two").iterdir()) == []


def test_a_base_that_lost_its_last_lines_stops_the_start(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock, options=Options(segment_bytes=2_000, compact_bytes=0))
    for _ in range(3):
        for n in range(10):
            store.transact(lambda tx, n=n: tx.put(an_incident(f"inc_{n}", number=n + 1)))
    assert store.compact()
    store.close()
    [base] = (tmp_path / "store" / "journal").glob("*.base.log")
    whole = base.read_bytes().splitlines(keepends=True)

    for kept in (whole[:-1], whole[:-2], [*whole[:-3], whole[-1]]):
        base.write_bytes(b"".join(kept))
        assert str(base) in check(tmp_path).problems[0]
        (tmp_path / "store" / "index.sqlite").unlink(missing_ok=True)
        with pytest.raises(StoreDamaged, match=base.name):
            open_json_store(tmp_path, clock=clock)


def test_lists_fail_fast_while_the_index_cannot_be_written_and_work_again_after(tmp_path, clock, monkeypatch):
    store = open_json_store(tmp_path, clock=clock)
    fill(store, 1)
    store.catch_up()
    real = Index.writing

    def full(_index):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Index, "writing", full)
    store.transact(lambda tx: tx.put(an_incident("inc_9")))
    with pytest.raises(StoreUnavailable, match="index cannot be written"):
        store.list_incidents(IncidentQuery())
    assert store.get(Incident, "inc_9").number == 2

    monkeypatch.setattr(Index, "writing", real)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            assert store.list_incidents(IncidentQuery()).total == 2
            break
        except StoreUnavailable:
            time.sleep(0.05)
    store.close()
