"""Environments, hours and freezes in the file of the approval policy: what is read, and what is refused where."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.gateway.approval_file import MOST_BYTES, PolicyInvalid, read_approval_file
from services.gateway.domain.actions.policy import Environment, Freeze, Hours, PolicyOverride, Weekday
from services.gateway.domain.records import ActionRisk, Role
from services.gateway.policy_tool import main

GOOD = """
[risk.critical]
approvers = ["lead-*"]

[environments.production]
contexts = ["prod-*"]

[environments.pay]
contexts = ["shared"]
namespaces = ["pay-*"]

[[overrides]]
risks = ["high", "critical"]
environments = ["production", "unknown"]
approvers = ["oncall-*"]
reason = "At night nobody else looks."

[[overrides.hours]]
days = ["sat", "sun"]
zone = "Europe/Berlin"

[[overrides.hours]]
from = "20:00"
to = "07:00"
zone = "America/New_York"

[[freezes]]
name = "year-end"
reason = "Half of us are away."
from = 2026-12-20T00:00:00+01:00
until = "2027-01-04T00:00:00+01:00"
environments = ["production"]
breakGlassRole = "admin"

[[freezes]]
name = "friday-evening"
reason = "Nobody sees what comes of it."
hours = [{ days = ["fri"], from = "16:00", zone = "UTC" }]
"""
FREEZE = {"name": '"a"', "reason": '"Because."', "from": "2026-12-20T00:00:00Z", "until": "2026-12-21T00:00:00Z"}


def a_file(tmp_path: Path, text: str, name: str = "policy.toml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def problems(tmp_path: Path, text: str, name: str = "policy.toml") -> dict[str, str]:
    with pytest.raises(PolicyInvalid) as refused:
        read_approval_file(a_file(tmp_path, text, name))
    return dict(refused.value.problems)


def a_freeze(**members: str | None) -> str:
    lines = [f"{name} = {value}" for name, value in (FREEZE | members).items() if value is not None]
    return "\n".join(["[[freezes]]", *lines])


def an_hour(**members: str) -> str:
    given = {"zone": '"UTC"', "from": '"08:00"', "to": '"17:00"'} | members
    return "[[overrides]]\n[[overrides.hours]]\n" + "\n".join(f"{name} = {value}" for name, value in given.items())


def test_environments_hours_and_freezes_are_read(tmp_path: Path):
    policy = read_approval_file(a_file(tmp_path, GOOD))

    assert policy.risk[ActionRisk.CRITICAL].approvers == (("lead-*",),)
    assert policy.environments == (
        Environment(name="production", contexts=("prod-*",)),
        Environment(name="pay", contexts=("shared",), namespaces=("pay-*",)),
    )
    assert policy.overrides == (
        PolicyOverride(
            risks=(ActionRisk.HIGH, ActionRisk.CRITICAL),
            environments=("production", "unknown"),
            approvers=("oncall-*",),
            reason="At night nobody else looks.",
            hours=(
                Hours(days=(Weekday.SAT, Weekday.SUN), zone="Europe/Berlin"),
                Hours(from_time="20:00", to_time="07:00", zone="America/New_York"),
            ),
        ),
    )
    assert policy.freezes == (
        Freeze(
            name="year-end",
            reason="Half of us are away.",
            from_at=datetime(2026, 12, 19, 23, tzinfo=UTC),
            until=datetime(2027, 1, 3, 23, tzinfo=UTC),
            environments=("production",),
            break_glass_role=Role.ADMIN,
        ),
        Freeze(
            name="friday-evening",
            reason="Nobody sees what comes of it.",
            hours=(Hours(days=(Weekday.FRI,), from_time="16:00", zone="UTC"),),
        ),
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("[environments.unknown]\ncontexts = ['a']", "environments.unknown", id="a name that is taken"),
        pytest.param("[environments.a]", "environments.a", id="an environment of everything"),
        pytest.param("[environments.a]\ncontext = ['a']", "environments.a.context", id="a misspelt list"),
        pytest.param("[environments.'a b']\ncontexts = ['a']", "environments.a b", id="no name"),
        pytest.param("[environments]\na = 1", "environments.a", id="no table"),
        pytest.param("[[overrides]]\nenvironments = ['prod']", "overrides.0.environments", id="not defined"),
        pytest.param("[[overrides]]\nrisks = ['huge']", "overrides.0.risks.0", id="no risk"),
        pytest.param("[[overrides]]\napprovers = []", "overrides.0.approvers", id="nobody"),
        pytest.param("[[overrides]]\nreason = ''", "overrides.0.reason", id="no reason"),
        pytest.param('[[overrides]]\nreason = "a\\u001b[2J"', "overrides.0.reason", id="what steers a terminal"),
        pytest.param("[[overrides]]\nhours = []", "overrides.0.hours", id="never"),
        pytest.param(an_hour(zone='"Europe/Atlantis"'), "overrides.0.hours.0.zone", id="no zone"),
        pytest.param(an_hour(zone='"Europe"'), "overrides.0.hours.0.zone", id="a folder of zones"),
        pytest.param(an_hour(zone='"../UTC"'), "overrides.0.hours.0.zone", id="a path"),
        pytest.param("[[overrides]]\nhours = [{from = '08:00'}]", "overrides.0.hours.0.zone", id="without a zone"),
        pytest.param(an_hour(days='["Friday"]'), "overrides.0.hours.0.days.0", id="no day"),
        pytest.param(an_hour(days="[]"), "overrides.0.hours.0.days", id="on no day"),
        pytest.param(an_hour(**{"from": '"8:00"'}), "overrides.0.hours.0.from", id="no time"),
        pytest.param(an_hour(**{"from": '"24:00"'}), "overrides.0.hours.0.from", id="begins when the day is over"),
        pytest.param(an_hour(to='"24:01"'), "overrides.0.hours.0.to", id="ends after the day"),
        pytest.param(an_hour(to='"08:00"'), "overrides.0.hours.0.to", id="the same time twice"),
        pytest.param(a_freeze(name=None), "freezes.0.name", id="a freeze without a name"),
        pytest.param(a_freeze(name='"a b"'), "freezes.0.name", id="a freeze with no good name"),
        pytest.param(a_freeze(reason=None), "freezes.0.reason", id="a freeze without a reason"),
        pytest.param(a_freeze(until=None), "freezes.0", id="without an end"),
        pytest.param(a_freeze(until=None, **{"from": None}), "freezes.0", id="without a time"),
        pytest.param(a_freeze(until="2026-12-20T00:00:00Z"), "freezes.0.until", id="over when it begins"),
        pytest.param(a_freeze(until="2026-12-21T00:00:00"), "freezes.0.until", id="without an offset"),
        pytest.param(a_freeze(until="2026-12-21"), "freezes.0.until", id="a day"),
        pytest.param(a_freeze(until="9999-12-31T00:00:00Z"), "freezes.0.until", id="for ever"),
        pytest.param(a_freeze(hours="[{zone = 'UTC'}]"), "freezes.0.hours", id="both once and weekly"),
        pytest.param(
            a_freeze(breakGlassRole='"viewer"'), "freezes.0.breakGlassRole", id="a role that executes nothing"
        ),
        pytest.param(a_freeze(environments='["prod"]'), "freezes.0.environments", id="of what is not defined"),
        pytest.param(a_freeze() + "\n" + a_freeze(), "freezes.1.name", id="two of one name"),
    ],
)
def test_what_is_wrong_is_refused_at_its_place(tmp_path: Path, text: str, place: str):
    assert list(problems(tmp_path, text)) == [place]


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path):
    found = problems(tmp_path, "#" * (MOST_BYTES + 1))

    assert "larger than" in found["the file"]


def test_too_much_of_anything_is_refused(tmp_path: Path):
    many = "\n".join(a_freeze(name=f'"f{number}"') for number in range(101))

    assert list(problems(tmp_path, many)) == ["freezes"]
    assert list(problems(tmp_path, "[[overrides]]\n" * 101)) == ["overrides"]


def test_the_tool_says_what_is_in_a_file_and_exits_as_a_gateway_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main([str(a_file(tmp_path, GOOD))]) == 0
    assert '"freezes":["year-end","friday-evening"],"problems":[]' in capsys.readouterr().out
    assert main([str(a_file(tmp_path, "colour = 1"))]) == 78
    assert '"place":"colour"' in capsys.readouterr().out
