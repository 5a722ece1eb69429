"""What `faultline up` hands to each child: nothing twice, and secrets only to whom they are for."""

from pathlib import Path

import pytest

from services.cli.supervisor.plan import Plan, make_plan, read_up_settings

SECRETS = {
    "FAULTLINE_ADMIN_TOKEN": "the-admin-token-of-this-test",
    "FAULTLINE_DOOR_KEY": "the-door-key-of-this-test",
    "FAULTLINE_INTAKE_TOKEN": "the-intake-token-of-this-test",
}


@pytest.fixture(params=["plain", "in files"])
def plan(request: pytest.FixtureRequest, tmp_path: Path) -> Plan:
    environ = {"FAULTLINE_DATA_DIR": str(tmp_path / "data"), "FAULTLINE_PORT": "0"}
    (tmp_path / "data").mkdir()
    for name, secret in SECRETS.items():
        if request.param == "plain":
            environ[name] = secret
        else:
            path = tmp_path / name.lower()
            path.write_text(secret)
            environ[f"{name}_FILE"] = str(path)
    return make_plan(read_up_settings(environ), environ)


def test_no_child_is_told_a_secret_twice(plan: Plan):
    twice = [
        (child.name, name)
        for child in plan.children
        for name in child.env
        if name.endswith("_FILE") and child.env.get(name.removesuffix("_FILE"))
    ]

    assert twice == []


def test_only_the_gateway_is_given_tokens(plan: Plan):
    given = {child.name: {name for name in SECRETS if SECRETS[name] in child.env.values()} for child in plan.children}

    assert given["gateway"] == set(SECRETS)
    assert {frozenset(names) for name, names in given.items() if name not in ("gateway", "broker")} == {
        frozenset({"FAULTLINE_DOOR_KEY"})
    }
