"""Check a bundle that Faultline exported: every byte against its manifest, and the timeline against its hash chain.

    python3 -I verify.py BUNDLE [--head HASH --sequence N] [--manifest SHA256]

BUNDLE is the folder it was unpacked into, or the .zip itself. Needs Python 3.8 or newer and nothing else. Prints one
line for each thing that is not as it was exported, beginning with the file's name, and ends with 1; with 0 if all is
well; with 2 if the arguments are wrong. A copy of this script that came with the bundle proves nothing to someone who
does not trust the bundle: take the one of your own Faultline.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import stat
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

MANIFEST = "manifest.json"
MANIFEST_DIGEST = "manifest.sha256"
TIMELINE = "timeline.jsonl"
MOST_MANIFEST_BYTES = 64 << 20
MOST_LINE_BYTES = 16 << 20
CHUNK = 1 << 20
GENESIS = "0" * 64
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*\Z")
DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Refused(Exception):
    """A file, and what is wrong with it."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{visible(name)}: {problem}")


class Folder:
    """A bundle that was unpacked. Links and whatever is neither a file nor a folder are refused."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def names(self) -> list[str]:
        """Every file, by its path with slashes."""
        found = []
        for folder, subfolders, files in os.walk(self._path):
            for name in subfolders + files:
                path = Path(folder) / name
                relative = path.relative_to(self._path).as_posix()
                mode = path.lstat().st_mode
                if stat.S_ISDIR(mode):
                    continue
                if not stat.S_ISREG(mode):
                    raise Refused(relative, "is a link or something else that is no plain file")
                found.append(relative)
        return found

    def open(self, name: str) -> IO[bytes]:
        """Open a file that ``names`` named."""
        return (self._path / name).open("rb")


class Archive:
    """A bundle as it was exported, in one .zip."""

    def __init__(self, path: str) -> None:
        self._zip = zipfile.ZipFile(path)

    def names(self) -> list[str]:
        """Every member; a name that is there twice is refused."""
        found: set[str] = set()
        for member in self._zip.infolist():
            if member.filename in found:
                raise Refused(member.filename, "is there twice")
            if not member.is_dir():
                found.add(member.filename)
        return sorted(found)

    def open(self, name: str) -> IO[bytes]:
        """Open a member that ``names`` named."""
        return self._zip.open(name)


Bundle = Any  # Folder or Archive; a Protocol would need Python 3.8's typing and says no more.


def read_manifest(bundle: Bundle, names: list[str], published: str | None) -> tuple[dict[str, Any], str]:
    """Return the manifest and its SHA-256, or raise ``Refused``."""
    for name in (MANIFEST, MANIFEST_DIGEST):
        if name not in names:
            raise Refused(name, "is missing")
    content = read_some(bundle, MANIFEST, MOST_MANIFEST_BYTES)
    digest = hashlib.sha256(content).hexdigest()
    if published is not None and digest != published:
        raise Refused(MANIFEST, f"is not the one that was published: its SHA-256 is {digest}")
    if read_some(bundle, MANIFEST_DIGEST, 1_000) != (f"{digest}  {MANIFEST}\n").encode():
        raise Refused(MANIFEST, f"does not have the digest that {MANIFEST_DIGEST} says")
    try:
        manifest = json.loads(content.decode("utf-8"), object_pairs_hook=without_repeats)
    except (ValueError, RecursionError) as error:
        raise Refused(MANIFEST, f"is not JSON: {error}") from None
    check_form(manifest)
    return manifest, digest


def check_form(manifest: Any) -> None:
    """Raise ``Refused`` unless the manifest is one this script knows, and each of its names is safe to open."""
    if not isinstance(manifest, dict) or manifest.get("format") != "faultline-bundle":
        raise Refused(MANIFEST, "is not the manifest of a bundle")
    if manifest.get("formatVersion") != 1:
        raise Refused(MANIFEST, "is of a format this script does not know")
    chain, files = manifest.get("chain"), manifest.get("files")
    if not (isinstance(chain, dict) and is_count(chain.get("sequence")) and is_digest(chain.get("hash"))):
        raise Refused(MANIFEST, "names no end of the chain")
    if not isinstance(files, dict) or TIMELINE not in files:
        raise Refused(MANIFEST, f"does not list {TIMELINE}")
    for name, said in files.items():
        if not SAFE_NAME.match(name) or name in (MANIFEST, MANIFEST_DIGEST):
            raise Refused(MANIFEST, f"lists a name that no bundle has: {visible(name)}")
        if not (isinstance(said, dict) and is_count(said.get("sizeBytes")) and is_digest(said.get("sha256"))):
            raise Refused(MANIFEST, f"does not say what {name} must be")


def check_files(bundle: Bundle, names: list[str], files: dict[str, Any]) -> Iterator[Refused]:
    """Yield what is missing, too many, or not what the manifest says."""
    there, listed = set(names), set(files) | {MANIFEST, MANIFEST_DIGEST}
    for name in sorted(there - listed):
        yield Refused(name, "is not in the manifest")
    for name in sorted(files):
        if name not in there:
            yield Refused(name, "is missing")
            continue
        try:
            size, digest = measure(bundle, name, files[name]["sizeBytes"])
        except (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
            yield Refused(name, f"cannot be read: {error}")
            continue
        if size != files[name]["sizeBytes"]:
            yield Refused(name, f"does not have the {files[name]['sizeBytes']} bytes it had")
        elif digest != files[name]["sha256"]:
            yield Refused(name, f"is not what was exported: its SHA-256 is {digest}")


def measure(bundle: Bundle, name: str, expected: int) -> tuple[int, str]:
    """Return size and SHA-256; what is longer than expected is not read to its end."""
    digest, size = hashlib.sha256(), 0
    with bundle.open(name) as file:
        while size <= expected:
            chunk = file.read(CHUNK)
            if not chunk:
                break
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def check_chain(bundle: Bundle, manifest: dict[str, Any], head: tuple[int, str] | None) -> None:
    """Raise ``Refused`` unless the entries follow one another to the end that the manifest, and ``head``, name."""
    sequence, last = 0, GENESIS
    at_head = GENESIS if head is not None and head[0] == 0 else None
    with bundle.open(TIMELINE) as file:
        while True:
            line = file.readline(MOST_LINE_BYTES + 1)
            if not line:
                break
            sequence += 1
            check_entry(line, sequence, last, manifest["incidentId"])
            last = hashlib.sha256(line[:-1]).hexdigest()
            if head is not None and sequence == head[0]:
                at_head = last
    if (sequence, last) != (manifest["chain"]["sequence"], manifest["chain"]["hash"]):
        raise Refused(TIMELINE, f"ends at entry {sequence}, {last}; the manifest says otherwise")
    if head is None:
        return
    if at_head is None:
        raise Refused(TIMELINE, f"is cut: it ends at entry {sequence}, and entry {head[0]} was published")
    if at_head != head[1]:
        raise Refused(TIMELINE, f"entry {head[0]} is not the one that was published")


def check_entry(line: bytes, sequence: int, previous: str, incident_id: str) -> None:
    """Raise ``Refused`` unless ``line`` is the entry that comes next."""
    where = f"entry {sequence}"
    if not line.endswith(b"\n"):
        raise Refused(TIMELINE, f"{where} does not end its line")
    try:
        entry = json.loads(line.decode("utf-8"), object_pairs_hook=without_repeats)
    except (ValueError, RecursionError) as error:
        raise Refused(TIMELINE, f"{where} is not JSON: {error}") from None
    if not isinstance(entry, dict) or entry.get("sequence") != sequence:
        raise Refused(TIMELINE, f"{where} is missing")
    if entry.get("previousHash") != previous:
        raise Refused(TIMELINE, f"{where} does not follow the entry before it")
    if entry.get("incidentId") != incident_id:
        raise Refused(TIMELINE, f"{where} belongs to another incident")


def read_some(bundle: Bundle, name: str, most: int) -> bytes:
    """Return a small file's bytes."""
    try:
        with bundle.open(name) as file:
            content: bytes = file.read(most + 1)
    except (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise Refused(name, f"cannot be read: {error}") from None
    if len(content) > most:
        raise Refused(name, "is too large")
    return content


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object; one that says a name twice could say two things to two readers."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def is_count(value: Any) -> bool:
    """Answer whether it is a whole number from 0 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_digest(value: Any) -> bool:
    """Answer whether it looks like a SHA-256 in hex."""
    return isinstance(value, str) and DIGEST.match(value) is not None


def visible(text: str) -> str:
    """Return text from the bundle so that it cannot steer a terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def verify(path: str, head: tuple[int, str] | None, published: str | None) -> tuple[list[Refused], str]:
    """Return what is wrong, and a line about what was checked."""
    try:
        bundle: Bundle = Folder(path) if Path(path).is_dir() else Archive(path)
        names = bundle.names()
        manifest, digest = read_manifest(bundle, names, published)
    except Refused as refused:
        return [refused], ""
    except (OSError, zipfile.BadZipFile) as error:
        return [Refused(path, f"cannot be read: {error}")], ""
    problems = list(check_files(bundle, names, manifest["files"]))
    if not any(str(problem).startswith(TIMELINE) for problem in problems):
        try:
            check_chain(bundle, manifest, head)
        except Refused as refused:
            problems.append(refused)
    chain = manifest["chain"]
    ref, count = visible(str(manifest.get("ref"))), len(manifest["files"])
    word = f"{ref}: {count} files, {chain['sequence']} timeline entries\n"
    return problems, f"{word}chain head {chain['sequence']} {chain['hash']}\nmanifest {digest}"


def main(arguments: list[str]) -> int:
    """Check the bundle, print what was found, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bundle", metavar="BUNDLE", help="the folder it was unpacked into, or the .zip")
    parser.add_argument("--head", metavar="HASH", help="a hash of the timeline's chain that was published")
    parser.add_argument("--sequence", metavar="N", type=int, help="the entry that hash is of")
    parser.add_argument("--manifest", metavar="SHA256", help="the manifest's digest, as the export printed it")
    chosen = parser.parse_args(arguments)
    if (chosen.head is None) != (chosen.sequence is None):
        parser.error("--head and --sequence go together")
    for given in (chosen.head, chosen.manifest):
        if given is not None and not is_digest(given):
            parser.error(f"{given!r} is not a SHA-256 in hex")
    head = None if chosen.head is None else (chosen.sequence, chosen.head)
    problems, word = verify(chosen.bundle, head, chosen.manifest)
    if problems:
        for problem in problems:
            print(problem)
        print("REFUSED: this is not the bundle that was exported")
        return 1
    print(word)
    if head is None and chosen.manifest is None:
        print("Whole in itself, and compared with nothing published: who rewrites all of it, manifest and all, is only")
        print("found out by --head with --sequence, or --manifest.")
    print("OK")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
