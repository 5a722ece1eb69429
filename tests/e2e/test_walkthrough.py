"""docs/walkthrough.md is true: its commands are run one after the other, and put out what the page shows."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.support.product import ROOT, Product, running_product

PAGE = ROOT / "docs" / "walkthrough.md"
SECONDS = 100
_MARK = "--- step {} ended with"


@dataclass(slots=True)
class Step:
    """One command of the page, and what the page shows of its output."""

    command: str
    shown: list[str] = field(default_factory=list)


def read_steps(page: str) -> list[Step]:
    """Return the commands of all console blocks: lines after ``$ ``, with those that ``> `` goes on with."""
    steps: list[Step] = []
    for block in re.findall(r"^```console\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:]))
            elif line.startswith("> "):
                steps[-1].command += "\n" + line[2:]
            else:
                steps[-1].shown.append(line)
    return steps


def run(steps: list[Step], product: Product) -> Iterator[tuple[int, list[str]]]:
    """Yield exit code and output of each step; all run in one shell, as a reader would run them."""
    # Nothing a reader does not have: the address and the token are told apart from the page's own lines.
    script = "\n".join(f'{step.command}\nprintf "\\n{_MARK.format(n)} %s\\n" $?' for n, step in enumerate(steps))
    env = {"PATH": f"{ROOT}/.venv/bin:/usr/local/bin:/usr/bin:/bin", "URL": product.url, "TOKEN": product.token}
    done = subprocess.run(
        ["bash", "-u"],
        input=script,
        cwd=product.data_dir.parent,
        env=env,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    rest = done.stdout
    for number in range(len(steps)):
        output, mark, rest = rest.partition(f"\n{_MARK.format(number)} ")
        assert mark, f"{steps[number].command!r} did not come to its end:\n{output}\n{done.stderr}"
        code, _, rest = rest.partition("\n")
        yield int(code), output.rstrip("\n").splitlines()


def is_as_shown(output: list[str], shown: list[str]) -> bool:
    """Answer whether the output is what the page shows, where … stands for anything within a line."""
    patterns = [".*".join(re.escape(part) for part in line.split("…")) for line in shown]
    return len(output) == len(shown) and all(
        re.fullmatch(pattern, line) for pattern, line in zip(patterns, output, strict=True)
    )


@pytest.mark.timeout(SECONDS + 60)
def test_the_walk_through_works_as_it_is_written(tmp_path):
    # The first two commands say where Faultline is, and are the reader's own.
    steps = [step for step in read_steps(PAGE.read_text("utf-8")) if not step.command.startswith(("make ", "export "))]
    assert len(steps) > 20
    with running_product(tmp_path, FAULTLINE_GATEWAY_STABLE_SECONDS="1") as product:
        for step, (code, output) in zip(steps, run(steps, product), strict=True):
            assert code == 0, f"{step.command}\n{output}"
            assert is_as_shown(output, step.shown), f"{step.command}\nshown:  {step.shown}\noutput: {output}"
