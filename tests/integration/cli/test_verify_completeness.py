"""`faultline verify` never calls clean what it has not seen."""

import pytest
from click.testing import CliRunner, Result

from services.cli.api_client import ApiClient
from services.cli.main import cli


def verify(monkeypatch: pytest.MonkeyPatch, totals: list[int], checked: int) -> Result:
    answers = iter(totals)

    def get(self: ApiClient, path: str, *_: object, **__: object) -> dict[str, object]:
        if path == "/api/incidents":
            return {"items": [], "total": next(answers), "nextCursor": None}
        return {"incidents": checked, "entries": checked, "problems": [], "nextCursor": None}

    monkeypatch.setattr(ApiClient, "get", get)
    return CliRunner().invoke(cli, ["verify"])


def test_every_incident_checked_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verify(monkeypatch, [3, 3], checked=3).exit_code == 0


def test_incidents_that_were_not_checked_are_not_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    result = verify(monkeypatch, [5, 5], checked=0)

    assert result.exit_code == 1
    assert "5 incidents were not checked" in result.stderr


def test_incidents_that_came_or_went_meanwhile_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verify(monkeypatch, [3, 5], checked=3).exit_code == 0
    assert verify(monkeypatch, [5, 3], checked=3).exit_code == 0
