"""What the one clear screen says."""

from pathlib import Path

import pytest

from services.cli.supervisor.child import ChildSpec
from services.cli.supervisor.plan import Plan, describe_broker
from services.cli.supervisor.screen import ready_lines


async def _yes() -> bool:
    return True


async def _ready() -> str | None:
    return None


def a_plan(*, admin_token_given: bool = False, flower_url: str | None = "http://127.0.0.1:5555") -> Plan:
    return Plan(
        data_dir=Path("/srv/faultline"),
        url="http://127.0.0.1:8080",
        docs_url="http://127.0.0.1:8080/api/docs",
        door_url="http://127.0.0.1:8081",
        flower_url=flower_url,
        metrics_urls={"intake": "http://127.0.0.1:9101/metrics", "graph": "http://127.0.0.1:9102/metrics"},
        broker="embedded Valkey",
        broker_socket=None,
        admin_token_given=admin_token_given,
        stages=((ChildSpec("gateway", (), {}, _yes),), (ChildSpec("flower", (), {}, _yes, essential=False),)),
        why_not_ready=_ready,
    )


def test_it_shows_where_everything_is() -> None:
    lines = dict(ready_lines(a_plan(), 3.21, None))

    assert lines["Faultline is ready"] == "after 3.2 s"
    assert lines["API"] == "http://127.0.0.1:8080/api"
    assert lines["Flower"] == "http://127.0.0.1:5555 (user admin, password in /srv/faultline/flower-password)"
    assert lines["Metrics"] == (
        "http://127.0.0.1:8080/metrics (gateway), "
        "http://127.0.0.1:9101/metrics (intake), http://127.0.0.1:9102/metrics (graph)"
    )
    assert lines["Up"] == "gateway, flower (starting)"


def test_the_admin_token_is_shown_at_the_first_start_only() -> None:
    first = dict(ready_lines(a_plan(), 1, "s3cret"))
    later = dict(ready_lines(a_plan(), 1, None))

    assert first["Admin token"] == "s3cret (shown this once; kept in /srv/faultline/admin-token)"
    assert later["Admin token"] == "in /srv/faultline/admin-token"


def test_a_token_that_was_given_is_never_shown() -> None:
    assert dict(ready_lines(a_plan(admin_token_given=True), 1, "s3cret"))["Admin token"] == (
        "the one in FAULTLINE_ADMIN_TOKEN"
    )


def test_flower_is_not_named_when_it_is_left_out() -> None:
    assert "Flower" not in dict(ready_lines(a_plan(flower_url=None), 1, None))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:s3cret@broker.example.com:6379/0", "redis://broker.example.com:6379/0"),
        ("amqp://user:s3cret@mq//", "amqp://mq//"),
    ],
)
def test_the_broker_is_shown_without_its_credentials(url: str, shown: str) -> None:
    assert describe_broker(url) == shown
