"""Refuse a change of behaviour that comes without its docs.

Run as a git hook it looks at what is staged; with ``--range A..B`` (CI) at what a push changes as a whole.
Of the tree to be committed it asks that the generated pages are fresh, and of every item of the surface
(``scripts.surface``) that is new or changed that its page names it and the changelog speaks of the change.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.surface import Surface

CHANGELOG = "CHANGELOG.md"
SURFACE = "docs/surface.json"
# The page that names each kind of item.
PAGE_OF = {
    "settings": "docs/configuration.md",
    "errorCodes": "docs/api.md",
    "commands": "docs/cli.md",
    "operations": "docs/api.md",
}
WORD_FOR = {"settings": "setting", "errorCodes": "error code", "commands": "command", "operations": "operation"}
# Only a change of these can change the surface or its pages; anything else costs the hook nothing.
WATCHED = ("services/", "shared/", "docs/", "scripts/", CHANGELOG)


def main(arguments: list[str]) -> int:
    """Print what is missing, one line each, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--range", metavar="A..B", help="judge what B changes against A, instead of what is staged")
    chosen = parser.parse_args(arguments)
    base, tip = _ends(chosen.range)
    if not any(path.startswith(WATCHED) for path in _changed_paths(base, tip)):
        return 0
    with tempfile.TemporaryDirectory() as folder:
        _export(tip, Path(folder))
        problems = _generated_problems(Path(folder))
        # What is stale cannot be judged: its lines would blame the wrong thing.
        if not problems:
            problems = undocumented(_surface_at(base), _read_surface(Path(folder)), Path(folder), _changelog_at(base))
    if problems:
        print("This change alters behaviour without its docs:", file=sys.stderr)
        for problem in problems:
            print(f"  {problem}", file=sys.stderr)
    return 1 if problems else 0


def undocumented(before: Surface | None, after: Surface, tree: Path, changelog_before: str | None) -> list[str]:
    """Return a line for each item of ``after`` that the pages in ``tree`` do not name, and for a silent changelog.

    ``before`` is None where there is no history to compare with: then every item counts as new, and the
    changelog is left alone.
    """
    problems = []
    changes = []
    for kind, page in PAGE_OF.items():
        old, new = (before or {}).get(kind, {}), after.get(kind, {})
        text = _read(tree / page)
        for name, meaning in new.items():
            if old.get(name) == meaning:
                continue
            changes.append(f"{WORD_FOR[kind]} {name}")
            if missing := [word for word in _words(kind, name, meaning) if not _names(text, word)]:
                problems.append(f"{WORD_FOR[kind]} {name}: {page} does not name {', '.join(missing)}")
        changes += [f"{WORD_FOR[kind]} {name} (removed)" for name in old if name not in new]
    if before is not None and changes and _read(tree / CHANGELOG) == changelog_before:
        problems.append(f"{CHANGELOG} says nothing of: {', '.join(changes)}")
    return problems


def _words(kind: str, name: str, meaning: str) -> list[str]:
    """Return what the page must contain for one item."""
    if kind == "operations":
        return [name.partition(" ")[2]]
    if kind == "commands":
        return [name, *(word for word in meaning.split() if word.startswith("--"))]
    return [name]


def _names(text: str, word: str) -> bool:
    # `/api/incidents/{incident_id}`, `…/{incidentId}` and `…/:incidentId` are one path, and `/api/jobs` is not
    # named by a page that only knows `/api/jobs/{}/retry`.
    pattern = re.escape(_plain(word))
    return re.search(rf"(?<![\w-]){pattern}(?![\w/{{-])", _plain(text)) is not None


def _plain(text: str) -> str:
    return re.sub(r"(?<=/)(:\w+|\{\w+\}|<[\w:]+>)", "{}", text)


def _generated_problems(tree: Path) -> list[str]:
    environ = {**os.environ, "PYTHONPATH": str(tree)}
    check = subprocess.run(
        [sys.executable, "-m", "scripts.docs_pages", "--check"],
        cwd=tree, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = check.stdout.splitlines()
    if check.returncode and not lines:
        return ["the surface cannot be read off the code:", *check.stderr.splitlines()[-5:]]
    return lines


def _ends(chosen: str | None) -> tuple[str | None, str | None]:
    """Return base and tip; a base of None means no history, a tip of None the index."""
    if chosen is None:
        return _commit("HEAD"), None
    base, _, tip = chosen.partition("..")
    return _commit(base), tip or "HEAD"


def _commit(name: str) -> str | None:
    # A shallow clone, a first commit or a new branch (all zeros) has no base.
    found = _git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", check=False)
    return found.strip() or None


def _changed_paths(base: str | None, tip: str | None) -> list[str]:
    if base is None:
        return list(WATCHED)
    if tip is None:
        return _git("diff", "--cached", "--name-only", base).splitlines()
    return _git("diff", "--name-only", base, tip).splitlines()


def _export(tip: str | None, folder: Path) -> None:
    """Write the tree to be judged into ``folder``: the index, or a commit."""
    if tip is None:
        _git("checkout-index", "--all", f"--prefix={folder}/")
        return
    with tempfile.TemporaryDirectory() as apart:
        index = {"GIT_INDEX_FILE": str(Path(apart) / "index")}
        _git("read-tree", tip, environ=index)
        _git("checkout-index", "--all", f"--prefix={folder}/", environ=index)


def _surface_at(base: str | None) -> Surface | None:
    text = _show(base, SURFACE)
    return json.loads(text) if text else None


def _changelog_at(base: str | None) -> str | None:
    return _show(base, CHANGELOG)


def _show(commit: str | None, path: str) -> str | None:
    if commit is None:
        return None
    return _git("show", f"{commit}:{path}", check=False) or None


def _read_surface(tree: Path) -> Surface:
    surface: Surface = json.loads((tree / SURFACE).read_text("utf-8"))
    return surface


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _git(*words: str, check: bool = True, environ: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        ["git", *words], check=check, capture_output=True, text=True, env={**os.environ, **(environ or {})}
    )
    return done.stdout if done.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
