"""The policy of commands as the worker holds it: read anew for each command, and allowing nothing when it is broken."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from services.actions.adapters.child import WardedChild
from services.actions.adapters.policy_file import read_policy
from services.actions.handlers.commands import PolicedCommands
from shared.contracts.action import CommandPayload
from shared.contracts.command import CommandEnd, CommandOutcome
from tests.support.product import ROOT

POLICY = """
version = 1
search_path = ["/usr/bin", "/bin"]

[[programs]]
name = "echo"
contexts = ["*"]

[[programs.commands]]
words = ["hello"]
namespace = "none"
"""


def run(file: Path) -> CommandOutcome:
    commands = PolicedCommands(partial(read_policy, file), WardedChild(os.environ))
    return commands.run(CommandPayload(argv=("echo", "hello"), target="here"), lambda _: None, lambda: False)


def test_a_policy_that_breaks_under_way_allows_nothing_and_says_that_nothing_was_run(tmp_path: Path) -> None:
    file = tmp_path / "commands.toml"
    file.write_text(POLICY)
    before = run(file)
    file.write_text(POLICY.replace("version = 1", "version = 7"))
    after = run(file)
    file.unlink()

    assert (before.succeeded, before.output) == (True, "hello\n")
    for refused in (after, run(file)):
        assert (refused.ended_by, refused.code) == (CommandEnd.REFUSED, "policy_unusable")


def test_a_worker_does_not_start_with_a_policy_it_cannot_read_and_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "commands.toml"
    file.write_text(POLICY.replace("contexts", "contests"))
    settings = {
        "FAULTLINE_BROKER_URL": "redis://127.0.0.1:1/0",
        "FAULTLINE_DOOR_KEY": "a-key-of-the-door",
        "FAULTLINE_ACTIONS_COMMANDS": str(file),
    }
    ended = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "services.actions.worker:app", "worker"],
        cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert ended.returncode != 0
    assert "The policy of commands is not usable" in ended.stderr
    assert "contests" in ended.stderr
    assert "Traceback" not in ended.stderr
