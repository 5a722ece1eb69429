"""The command that `docs/actions-worker.md` shows how to add is one, and allows what the page says."""

import re
from pathlib import Path

import pytest

from services.actions.domain.commands.file import parse_policy
from services.actions.domain.commands.judge import judge
from services.actions.domain.commands.policy import Allowed, RefusalCode, Refused

ROOT = Path(__file__).parents[4]
(EXAMPLE,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/actions-worker.md").read_text(), re.DOTALL)
SHIPPED = (ROOT / "deploy/commands.toml").read_text()
# Added at the end of the file that is shipped, as a reader would.
POLICY = parse_policy(f"{SHIPPED}\n{EXAMPLE}", "commands.toml", lambda name, path: f"/usr/bin/{name}")


def test_what_it_is_for_is_allowed_with_the_variable_it_is_granted():
    verdict = judge(POLICY, ["patronictl", "switchover", "orders", "--candidate", "pg-2", "--force"], "db-eu")

    assert isinstance(verdict, Allowed)
    assert verdict.argv[0] == "/usr/bin/patronictl"
    assert verdict.env == ("PATRONICTL_CONFIG_FILE",)
    assert (verdict.timeout_seconds, verdict.output_bytes) == (120, 65_536)


@pytest.mark.parametrize(
    ("command", "target", "code"),
    [
        ("patronictl switchover users", "db-eu", RefusalCode.ARGUMENT),
        ("patronictl switchover", "db-eu", RefusalCode.ARGUMENT_COUNT),
        ("patronictl switchover orders --candidate evil", "db-eu", RefusalCode.FLAG_VALUE),
        ("patronictl switchover orders", "prod-eu", RefusalCode.TARGET),
        ("patronictl remove orders", "db-eu", RefusalCode.UNKNOWN_SUBCOMMAND),
    ],
)
def test_what_it_does_not_list_is_not(command, target, code):
    verdict = judge(POLICY, command.split(), target)

    assert isinstance(verdict, Refused)
    assert verdict.code is code
