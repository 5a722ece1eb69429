"""Diagnose a dumped cluster whose faults are known; ends with 1 unless every culprit is first and nobody else blamed.

DATA is a folder or a tar.gz with ``lists/<group path>/<plural>.json`` and
``logs/<namespace>/<pod>/<container>.<status>``. The truth is ``truth.json`` in it or beside it: a list of
``{id, kind, namespace, name, evidence}``.

It is diagnosed three times: as the objects of the dump, served over HTTP by a stand-in API server, and as a snapshot
that was written from there.
"""

import argparse
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

import msgspec
from rich.console import Console
from rich.table import Table

from services.graph.adapters.live_cluster import open_live_cluster
from services.graph.adapters.snapshot import open_snapshot
from services.graph.adapters.snapshot_writer import SnapshotOrder, write_snapshot
from services.graph.domain.k8s.cluster import Lease
from services.graph.domain.k8s.events import Event
from services.graph.domain.reading.inventory import Inventory
from services.graph.handlers.diagnose import diagnose_resource
from services.graph.handlers.diagnose_scope import diagnose_scope
from services.graph.handlers.gather import gather, wants_of_everything
from services.graph.ports import ClusterSource, Limits, RawSource
from shared.contracts.diagnosis import DiagnosedResource, Diagnosis, Finding
from tests.support.clock import START, FixedClock
from tests.support.kube_api import serve_kube_api
from tests.support.kube_world import read_world
from tests.support.memory_cluster import read_dump

Key = tuple[str, str | None, str]


class Fault(msgspec.Struct, frozen=True):
    """A fault that is known to be there, and what shows it."""

    id: str
    kind: str
    name: str
    namespace: str | None = None
    evidence: tuple[str, ...] = ()

    @property
    def culprit(self) -> Key:
        """What is to be mended."""
        return (self.kind, self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class Row:
    """How a fault was found: its rank when diagnosed itself, in its namespace, and in the whole cluster."""

    fault: Fault
    rank: int
    in_namespace: int
    in_cluster: int
    found: Finding | None


def culprit_of(finding: Finding) -> Key:
    """Return what a finding blames."""
    culprit = finding.culprit
    assert isinstance(culprit, DiagnosedResource)
    return (culprit.kind, culprit.namespace, culprit.name)


def rank_of(fault: Fault, diagnosis: Diagnosis) -> int:
    """Return the place of the culprit among the hypotheses, from 1; 0 where it is not there."""
    ranks = [n for n, one in enumerate(diagnosis.hypotheses, 1) if culprit_of(one) == fault.culprit]
    return ranks[0] if ranks else 0


def whole(source: ClusterSource, namespaces: Sequence[str] | None, clock: FixedClock) -> Diagnosis:
    """Return the diagnosis of a scope."""
    last = list(diagnose_scope(source, namespaces, clock=clock))[-1]
    assert isinstance(last, Diagnosis)
    return last


def observed_at(inventory: Inventory) -> datetime:
    """Return the last moment the dump tells of: rules that ask how long something lasts must not see today."""
    moments = [one.last_at for one in inventory.all(Event) if one.last_at]
    moments += [one.spec.renew_time for one in inventory.all(Lease) if one.spec.renew_time]
    return max(moments, default=START)


def measure(source: ClusterSource, faults: Iterable[Fault], clock: FixedClock) -> tuple[list[Row], Diagnosis]:
    """Diagnose every culprit, its namespace, and the cluster."""
    cluster = whole(source, None, clock)
    rows, spaces = [], dict[str | None, Diagnosis]()
    for fault in faults:
        resource = DiagnosedResource(namespace=fault.namespace, kind=fault.kind, name=fault.name)
        diagnosis = diagnose_resource(source, resource, clock=clock)
        if fault.namespace not in spaces:
            spaces[fault.namespace] = whole(source, [fault.namespace] if fault.namespace else None, clock)
        rank = rank_of(fault, diagnosis)
        found = diagnosis.hypotheses[rank - 1] if rank else None
        rows.append(Row(fault, rank, rank_of(fault, spaces[fault.namespace]), rank_of(fault, cluster), found))
    return rows, cluster


def blamed_wrongly(faults: Sequence[Fault], cluster: Diagnosis) -> list[Finding]:
    """Return the causes that blame what is at no fault; what only follows from a fault blames nobody."""
    known = {fault.culprit for fault in faults}
    return [one for one in cluster.hypotheses if culprit_of(one) not in known and not is_symptom(one)]


def is_symptom(finding: Finding) -> bool:
    """Answer whether a hypothesis is told as following from another."""
    return isinstance(finding.follows_from, DiagnosedResource)


def show(rows: Sequence[Row], wrong: Sequence[Finding], console: Console) -> None:
    """Print what was found, and who was blamed wrongly."""
    table = Table("truth", "culprit", "rank", "in namespace", "in cluster", "confidence", "evidence", box=None)
    for row in rows:
        evidence = "; ".join(one.observation.splitlines()[0] for one in row.found.evidence[:4]) if row.found else "-"
        confidence = f"{row.found.confidence:.2f}" if row.found else "-"
        ranks = [str(rank or "-") for rank in (row.rank, row.in_namespace, row.in_cluster)]
        table.add_row(row.fault.id, "/".join(filter(None, row.fault.culprit)), *ranks, confidence, evidence)
    console.print(table)
    for one in wrong:
        name = "/".join(filter(None, culprit_of(one)))
        console.print(f"blamed wrongly: {name}: {one.rule_id} {one.confidence:.2f} {one.title}", markup=False)


def read_truth(data: Path) -> tuple[Fault, ...]:
    """Return the known faults."""
    places = [data / "truth.json", data.parent / "truth.json"] if data.is_dir() else [data.parent / "truth.json"]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        sys.exit(f"There is no truth.json in {data} or beside it.")
    return msgspec.json.decode(file.read_bytes(), type=tuple[Fault, ...])


def find_dump(given: str) -> Path:
    """Return the dump: the path itself, or the archive in it."""
    path = Path(given)
    if not given or not path.exists():
        sys.exit(f"{given or 'DATA'} is not there: give a dump as `make bench-dx DATA=path`.")
    archives = sorted(path.glob("*.tar.gz")) if path.is_dir() and not (path / "lists").is_dir() else []
    return archives[0] if archives else path


@contextmanager
def three_ways(dump: Path, now: datetime) -> Iterator[dict[str, ClusterSource]]:
    """Yield the cluster as its objects, over HTTP, and as a snapshot, by how it is read."""
    with tempfile.TemporaryDirectory(prefix="faultline-bench-") as scratch:
        folder = Path(scratch)
        unpacked = dump
        if not dump.is_dir():
            unpacked = folder / "dump"
            with tarfile.open(dump) as archive:
                archive.extractall(unpacked, filter="data")
        with serve_kube_api(read_world(unpacked)) as api:
            live = cast("RawSource", open_live_cluster(None, api.write_kubeconfig(folder / "kubeconfig")))
            try:
                write_snapshot(live, folder / "snapshot", SnapshotOrder(), lambda: now, lambda *_: None)
                yield {
                    "as its objects": read_dump(dump),
                    "served over HTTP": live,
                    "as a snapshot": open_snapshot(folder / "snapshot"),
                }
            finally:
                live.close()


def main() -> int:
    """Print the table; 0 where every culprit is first and nobody else is blamed, however the cluster is read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="", help="a dump, as a folder or a tar.gz")
    parser.add_argument("--truth", type=Path, help="the folder of truth.json, if it is elsewhere")
    given = parser.parse_args()
    dump, console = find_dump(given.data), Console(width=200)
    faults = read_truth(given.truth or dump)
    now = observed_at(gather(read_dump(dump), wants_of_everything(), Limits(), START))
    outcomes: list[bool] = []
    with three_ways(dump, now) as ways:
        for way, source in ways.items():
            began = time.process_time()
            rows, cluster = measure(source, faults, FixedClock(now))
            spent = time.process_time() - began
            wrong = blamed_wrongly(faults, cluster)
            if not outcomes:
                show(rows, wrong, console)
            first = sum(row.rank == 1 for row in rows)
            console.print(
                f"{way}: {first} of {len(rows)} culprits first, {len(wrong)} blamed wrongly, {spent:.1f} s of CPU"
            )
            firsts = all(row.rank == 1 and 1 <= row.in_cluster <= len(faults) for row in rows)
            outcomes.append(firsts and not wrong)
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
