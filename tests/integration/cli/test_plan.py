"""What `faultline up` hands to each child: nothing twice, and secrets only to whom they are for."""

from pathlib import Path

import pytest

from services.cli.supervisor.child import ChildSpec
from services.cli.supervisor.plan import Plan, make_plan, read_up_settings

SECRETS = {
    "FAULTLINE_ADMIN_TOKEN": "the-admin-token-of-this-test",
    "FAULTLINE_DOOR_KEY": "the-door-key-of-this-test",
    "FAULTLINE_INTAKE_TOKEN": "the-intake-token-of-this-test",
    "FAULTLINE_METRICS_KEY": "the-metrics-key-of-this-test",
}
KEYS = {"FAULTLINE_DOOR_KEY", "FAULTLINE_METRICS_KEY"}


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


def test_only_the_gateway_is_given_tokens_and_only_workers_its_keys(plan: Plan):
    given = {child.name: _secrets_of(child) for child in plan.children}

    assert given == {
        "broker": set(),
        "gateway": set(SECRETS),
        "intake": KEYS,
        "graph": KEYS,
        "actions": KEYS,
        "flower": set(),
    }


def _secrets_of(child: ChildSpec) -> set[str]:
    """Return the secrets a child can read: in its environment, or in a file that one of its settings names."""
    return {name for name, secret in SECRETS.items() if secret in child.env.values() or f"{name}_FILE" in child.env}
