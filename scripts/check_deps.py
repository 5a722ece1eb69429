"""Check declared dependencies with deptry: the whole repository, then each service against its own extra.

The run over everything misses one service borrowing another's dependency, so each is judged alone too.
"""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

DEPTRY = Path(sys.executable).with_name("deptry")
# A service's own run sees the base dependencies too, which `shared` alone must use.
CONFIG = """
[project]
name = "{name}"
version = "0"
dependencies = {dependencies}

[tool.deptry]
known_first_party = ["services", "shared"]

[tool.deptry.per_rule_ignores]
DEP002 = {unused}
"""


def main() -> int:
    """Run deptry on everything and on each part alone; return the worst exit code."""
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    base, extras = project["dependencies"], project["optional-dependencies"]
    codes = [_deptry("everything", ["."], Path("pyproject.toml"))]
    codes.append(_alone("shared", ["shared"], base, []))
    for folder in sorted(path.parent for path in Path("services").glob("*/__init__.py")):
        own = extras.get(folder.name)
        if own is None:
            print(f"{folder} has no extra called {folder.name} in pyproject.toml")
            codes.append(1)
        else:
            codes.append(_alone(folder.name, [str(folder), "shared"], base + own, base))
    return max(codes)


def _alone(name: str, roots: list[str], dependencies: list[str], may_be_unused: list[str]) -> int:
    # deptry knows a requirement by its name alone.
    unused = [requirement.partition("[")[0].partition(">")[0] for requirement in may_be_unused]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "pyproject.toml"
        config.write_text(CONFIG.format(name=name, dependencies=dependencies, unused=unused), "utf-8")
        return _deptry(name, roots, config)


def _deptry(name: str, roots: list[str], config: Path) -> int:
    command = [str(DEPTRY), *roots, "--config", str(config), "--no-ansi"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    problems = [line for line in done.stderr.splitlines() if " DEP" in line]
    print(f"{name}: {'clean' if done.returncode == 0 else ''}")
    for line in problems or (done.stderr.splitlines() if done.returncode else []):
        print(f"  {line}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
