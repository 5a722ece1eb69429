"""A bundle proves itself: exported through the API, checked by the script inside it, refused for any change."""

import hashlib
import json
import runpy
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from services.gateway.adapters.blob_files import FileBlobs
from services.gateway.adapters.json_store import open_json_store
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import ChainHead
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder, record_results
from shared.contracts.messages import DeliveryNormalised, Results
from tests.support.builders import a_report
from tests.support.clock import FixedClock
from tests.support.diagnoses import a_diagnosis, a_large_diagnosis
from tests.support.gateway import GatewayUnderTest, a_gateway

EXHAUSTIVE_BYTES = 400
SAMPLES = 200
Verify = Callable[..., tuple[list[Any], str]]


@pytest.fixture
def gw(tmp_path: Path) -> Iterator[GatewayUnderTest]:
    clock = FixedClock()
    store = open_json_store(tmp_path / "data", clock=clock)
    yield a_gateway(store=store, blobs=FileBlobs(tmp_path / "data" / "blobs"), clock=clock)
    store.close()


def deliver(gw: GatewayUnderTest, body: bytes, **fields: Any) -> str:
    """Send a delivery through the API and report what a worker would read out of it; return the incident."""
    accepted = gw.post("/api/intake/alertmanager", data=body).json
    result = DeliveryNormalised(
        job_id=accepted["jobId"], attempt=1, delivery_id=accepted["deliveryId"], signals=(a_report(**fields),)
    )
    record_results(gw.store, Recorder(Judge(GroupingPolicy())), Results(results=(result,)))
    outcome = gw.get(f"/api/deliveries/{accepted['deliveryId']}").json["signals"][0]
    return str(outcome["incidentId"])


def a_worked_on_incident(gw: GatewayUnderTest) -> str:
    """Return the path of an incident that has something of everything."""
    incident = deliver(gw, b'{"alerts": [{"status": "firing"}]}')
    path = f"/api/incidents/{incident}"
    # Too large to be kept inline, and no UTF-8: a blob.
    deliver(gw, b"\xff" * 20_000, fingerprint="alertmanager:b2")
    gw.patch(path, json={"status": "triage", "owner": "ann", "roles": {"commander": "ann"}})
    gw.post(f"{path}/timeline", json={"message": "Rolled back.\n\n# Not a heading"})
    gw.post(f"{path}/diagnoses", json=a_diagnosis())
    gw.post(f"{path}/diagnoses", json=a_large_diagnosis())
    task = gw.post(f"{path}/tasks", json={"title": "Raise the limit", "owner": "bob"}).json
    gw.patch(f"{path}/tasks/{task['id']}", json={"state": "done"})
    gw.patch(path, json={"status": "resolved", "reason": "Rolled back.", "force": True})
    return path


class Exported:
    """A bundle in a folder, with what was published of it."""

    def __init__(self, gw: GatewayUnderTest, path: str, folder: Path) -> None:
        answer = gw.get(f"{path}/export")
        assert answer.status_code == 200, answer.text
        self.archive = folder / "bundle.zip"
        self.archive.write_bytes(answer.data)
        self.folder = folder / "bundle"
        with zipfile.ZipFile(self.archive) as bundle:
            bundle.extractall(self.folder)
        self.manifest_digest = answer.headers["Faultline-Manifest"]
        sequence, _, self.head = answer.headers["Faultline-Chain-Head"].partition(" ")
        self.sequence = int(sequence)
        self.headers = answer.headers
        self.verify: Verify = runpy.run_path(str(self.folder / "verify.py"))["verify"]

    @property
    def names(self) -> list[str]:
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file())

    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text())
        return found

    def problems(self, head: tuple[int, str] | None = None, published: str | None = None) -> list[str]:
        return [str(problem) for problem in self.verify(str(self.folder), head, published)[0]]

    def forge(self, manifest: dict[str, Any] | None = None) -> None:
        """Write the manifest anew, so that it agrees with whatever the files are now."""
        changed = manifest or self.manifest()
        for name, said in changed["files"].items() if manifest is None else ():
            content = (self.folder / name).read_bytes()
            said.update(sizeBytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        text = json.dumps(changed).encode()
        (self.folder / "manifest.json").write_bytes(text)
        digest = hashlib.sha256(text).hexdigest()
        (self.folder / "manifest.sha256").write_text(f"{digest}  manifest.json\n")


@pytest.fixture
def exported(gw: GatewayUnderTest, tmp_path: Path) -> Exported:
    return Exported(gw, a_worked_on_incident(gw), tmp_path)


def run_script(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the script as the documentation says."""
    command = [sys.executable, "-I", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_bundle_is_verified_by_the_script_inside_it_alone(exported: Exported, gw: GatewayUnderTest):
    script = exported.folder / "verify.py"

    for bundle in (exported.folder, exported.archive):
        alone = run_script(script, bundle)
        published = run_script(
            script, bundle,
            "--head", exported.head, "--sequence", str(exported.sequence), "--manifest", exported.manifest_digest,
        )  # fmt: skip

        assert (alone.returncode, published.returncode) == (0, 0), alone.stdout + published.stdout
        assert alone.stdout.endswith("OK\n")
        assert "compared with nothing published" in alone.stdout
        assert "compared with nothing" not in published.stdout
        assert exported.manifest_digest in alone.stdout


def test_a_bundle_holds_the_case_as_it_is_stored(exported: Exported, gw: GatewayUnderTest):
    lines = (exported.folder / "timeline.jsonl").read_bytes().splitlines()
    incident_id = exported.manifest()["incidentId"]
    head = gw.store.get(ChainHead, incident_id)

    assert lines == gw.store.list_entry_bytes(incident_id, limit=1_000)
    assert (exported.sequence, exported.head) == (head.sequence, head.hash)
    assert gw.get(f"/api/incidents/{incident_id}").json["timeline"]["headHash"] == exported.head
    bodies = {name: (exported.folder / name).read_bytes() for name in exported.names if name.endswith(".body")}
    assert set(bodies.values()) == {b'{"alerts": [{"status": "firing"}]}', b"\xff" * 20_000}
    assert [name for name in exported.names if name.startswith("blobs/")] != []
    report = gw.get(f"/api/incidents/{incident_id}/report")
    assert (exported.folder / "report.md").read_bytes() == report.data
    assert exported.manifest()["leftOut"] == []
    assert exported.manifest()["createdBy"] == "token:admin"
    assert exported.headers["ETag"] == f'"{exported.manifest_digest}"'


def positions(size: int) -> list[int]:
    """Return every position of a small file; of a large one the ends and a sample."""
    if size <= EXHAUSTIVE_BYTES:
        return list(range(size))
    return sorted({0, size - 1, *Random(size).sample(range(size), SAMPLES)})


def test_any_one_byte_that_is_flipped_is_refused_naming_the_file(exported: Exported):
    flips = 0
    for name in exported.names:
        path = exported.folder / name
        content = path.read_bytes()
        for position in positions(len(content)):
            flipped = bytearray(content)
            flipped[position] ^= 1 << position % 8
            path.write_bytes(flipped)
            problems = exported.problems()
            flips += 1

            assert problems, f"byte {position} of {name}"
            # The one byte more that tells is either in the manifest or in what holds its digest.
            named = "manifest.json" if name == "manifest.sha256" else name
            assert any(problem.startswith(f"{named}: ") for problem in problems), (name, position, problems)
        path.write_bytes(content)

    assert exported.problems() == []
    assert flips > 1_500


@pytest.mark.parametrize("name", ["timeline.jsonl", "incident.json", "manifest.json"])
def test_the_script_itself_ends_with_1_and_names_the_file(exported: Exported, name: str):
    path = exported.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    refused = run_script(exported.folder / "verify.py", exported.folder)

    assert refused.returncode == 1
    assert refused.stdout.startswith(f"{name}: ")
    assert "REFUSED" in refused.stdout
    assert refused.stderr == ""


def test_a_tail_that_is_cut_with_a_forged_manifest_is_caught_against_the_published_head(exported: Exported):
    timeline = exported.folder / "timeline.jsonl"
    lines = timeline.read_bytes().splitlines(keepends=True)
    timeline.write_bytes(b"".join(lines[:-2]))
    manifest = exported.manifest()
    manifest["chain"] = {"sequence": len(lines) - 2, "hash": hashlib.sha256(lines[-3][:-1]).hexdigest()}
    exported.forge(manifest)
    exported.forge()

    assert exported.problems() == []
    cut = exported.problems(head=(exported.sequence, exported.head))
    assert cut == [f"timeline.jsonl: is cut: it ends at entry {len(lines) - 2}, and entry {len(lines)} was published"]
    assert exported.problems(published=exported.manifest_digest)[0].startswith("manifest.json: is not the one")


def test_a_rewritten_past_with_a_forged_chain_is_caught_against_the_published_head(exported: Exported):
    timeline = exported.folder / "timeline.jsonl"
    entries = [json.loads(line) for line in timeline.read_bytes().splitlines()]
    entries[2]["message"] = "Nobody did anything."
    lines, last = [], "0" * 64
    for entry in entries:
        entry["previousHash"] = last
        lines.append(json.dumps(entry).encode())
        last = hashlib.sha256(lines[-1]).hexdigest()
    timeline.write_bytes(b"".join(line + b"\n" for line in lines))
    manifest = exported.manifest()
    manifest["chain"]["hash"] = last
    exported.forge(manifest)
    exported.forge()

    assert exported.problems() == []
    assert exported.problems(head=(exported.sequence, exported.head)) == [
        f"timeline.jsonl: entry {exported.sequence} is not the one that was published"
    ]
    # A head that was noted before the change still holds: what came after it is what was rewritten.
    before = hashlib.sha256(lines[1]).hexdigest()
    assert exported.problems(head=(2, before)) == []


def test_a_head_that_was_noted_earlier_is_found_in_a_longer_timeline(exported: Exported):
    lines = (exported.folder / "timeline.jsonl").read_bytes().splitlines()

    for sequence, line in enumerate(lines, 1):
        assert exported.problems(head=(sequence, hashlib.sha256(line).hexdigest())) == []


@pytest.mark.parametrize("what", ["removed", "swapped", "repeated", "of another incident"])
def test_a_broken_chain_under_a_forged_manifest_is_refused(exported: Exported, what: str):
    timeline = exported.folder / "timeline.jsonl"
    lines = timeline.read_bytes().splitlines(keepends=True)
    broken = {
        "removed": [*lines[:2], *lines[3:]],
        "swapped": [lines[1], lines[0], *lines[2:]],
        "repeated": [lines[0], *lines],
        "of another incident": [lines[0].replace(b'"inc_', b'"inc_x', 1), *lines[1:]],
    }
    timeline.write_bytes(b"".join(broken[what]))
    exported.forge()

    assert [problem.partition(":")[0] for problem in exported.problems()] == ["timeline.jsonl"]


def test_a_file_too_many_too_few_or_by_another_name_is_refused(exported: Exported):
    folder = exported.folder
    (folder / "extra.txt").write_text("x")
    assert exported.problems() == ["extra.txt: is not in the manifest"]
    (folder / "extra.txt").unlink()

    (folder / "blobs" / "more").mkdir()
    (folder / "blobs" / "more" / "hidden").write_text("x")
    assert exported.problems() == ["blobs/more/hidden: is not in the manifest"]
    shutil.rmtree(folder / "blobs" / "more")

    (folder / "tasks.jsonl").rename(folder / "Tasks.jsonl")
    assert exported.problems() == ["Tasks.jsonl: is not in the manifest", "tasks.jsonl: is missing"]
    (folder / "Tasks.jsonl").unlink()
    assert exported.problems() == ["tasks.jsonl: is missing"]

    for name in ("manifest.json", "manifest.sha256"):
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        assert exported.problems() == [f"{name}: is missing"]
        (folder / name).write_bytes(content)


def test_a_file_that_is_cut_or_goes_on_is_refused(exported: Exported):
    path = exported.folder / "report.md"
    content = path.read_bytes()

    for changed in (content[:-1], content + b"x", b""):
        path.write_bytes(changed)
        assert [problem.partition(":")[0] for problem in exported.problems()] == ["report.md"]


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "a/../../b", "a//b", ".hidden", "a\\b", "C:x", "a\nb", "", "manifest.json"]
)
def test_a_manifest_that_names_what_is_outside_is_refused_and_not_followed(exported: Exported, name: str):
    outside = exported.folder.parent / "outside"
    outside.write_text("secret")
    manifest = exported.manifest()
    manifest["files"][name] = {"sizeBytes": 6, "sha256": hashlib.sha256(b"secret").hexdigest()}
    exported.forge(manifest)

    (problem,) = exported.problems()
    assert problem.startswith("manifest.json: lists a name that no bundle has: ")
    assert "\n" not in problem


def test_a_link_in_the_place_of_a_file_is_refused(exported: Exported):
    path = exported.folder / "report.md"
    path.rename(exported.folder.parent / "report.md")
    path.symlink_to(exported.folder.parent / "report.md")

    assert exported.problems() == ["report.md: is a link or something else that is no plain file"]
    path.unlink()
    (exported.folder.parent / "report.md").rename(path)
    (exported.folder / "blobs" / "loop").symlink_to(exported.folder)
    assert exported.problems() == ["blobs/loop: is a link or something else that is no plain file"]


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "{}", '{"format": "faultline-bundle", "formatVersion": 2}',
        '{"format": "faultline-bundle", "formatVersion": 1, "formatVersion": 1}',
        '{"format": "faultline-bundle", "formatVersion": 1, "chain": {"sequence": true, "hash": "x"}}',
        "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_refused_in_words(exported: Exported, text: str):
    (exported.folder / "manifest.json").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    (exported.folder / "manifest.sha256").write_text(f"{digest}  manifest.json\n")

    refused = run_script(exported.folder / "verify.py", exported.folder)

    assert refused.returncode == 1
    assert refused.stdout.startswith("manifest.json: ")
    assert refused.stderr == ""


def test_an_archive_that_is_damaged_or_says_a_name_twice_is_refused_in_words(exported: Exported, tmp_path: Path):
    content = bytearray(exported.archive.read_bytes())
    content[100] ^= 1
    (tmp_path / "flipped.zip").write_bytes(content)
    (tmp_path / "cut.zip").write_bytes(content[:1_000])
    twice = tmp_path / "twice.zip"
    shutil.copy(exported.archive, twice)
    with zipfile.ZipFile(twice, "a") as bundle, pytest.warns(UserWarning, match="Duplicate name"):
        bundle.writestr("report.md", "x")

    for archive, named in (
        ("flipped.zip", "incident.json: "),
        ("cut.zip", ""),
        ("twice.zip", "report.md: is there twice"),
    ):
        refused = run_script(exported.folder / "verify.py", tmp_path / archive)

        assert refused.returncode == 1, refused.stdout
        assert named in refused.stdout
        assert refused.stderr == ""


@pytest.mark.parametrize(
    "arguments", [["--head", "0" * 64], ["--sequence", "1"], ["--manifest", "x"], ["--head", "x", "--sequence", "1"]]
)
def test_arguments_that_prove_nothing_are_refused(exported: Exported, arguments: list[str]):
    assert run_script(exported.folder / "verify.py", exported.folder, *arguments).returncode == 2


def test_the_script_in_the_bundle_is_the_one_of_the_repository(exported: Exported):
    source = Path(__file__).parents[3] / "services/gateway/domain/bundle/verify.py"

    assert (exported.folder / "verify.py").read_bytes() == source.read_bytes()


def test_the_same_record_exported_twice_at_one_time_is_the_same_bundle(gw: GatewayUnderTest):
    path = a_worked_on_incident(gw)

    assert gw.get(f"{path}/export").data == gw.get(f"{path}/export").data
