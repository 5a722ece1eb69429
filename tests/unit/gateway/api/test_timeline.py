import pytest

from tests.support.gateway import GatewayUnderTest


@pytest.fixture
def notes(gw: GatewayUnderTest) -> str:
    """An incident with the entries 1 (opened), 2 to 6 (notes), 7 (its status)."""
    gw.open_incident()
    for number in range(5):
        gw.post("/api/incidents/INC-1/timeline", json={"message": f"note {number}"})
    gw.patch("/api/incidents/INC-1", json={"status": "triage"})
    return "/api/incidents/INC-1/timeline"


def test_the_newest_come_first_and_lead_to_what_is_before_them(gw: GatewayUnderTest, notes: str):
    first = gw.get(f"{notes}?sort=-sequence&limit=4").json
    second = gw.get(f"{notes}?sort=-sequence&limit=4&before={first['nextBefore']}").json

    assert [item["sequence"] for item in first["items"]] == [7, 6, 5, 4]
    assert [item["sequence"] for item in second["items"]] == [3, 2, 1]
    assert (second["nextBefore"], second["nextAfter"], second["headSequence"]) == (None, None, 7)


def test_in_order_it_goes_on_after_a_sequence(gw: GatewayUnderTest, notes: str):
    first = gw.get(f"{notes}?limit=4").json

    assert [item["sequence"] for item in first["items"]] == [1, 2, 3, 4]
    assert (first["nextAfter"], first["nextBefore"]) == (4, None)
    assert gw.get(f"{notes}?after=4").json["nextAfter"] is None


@pytest.mark.parametrize(
    ("query", "sequences"),
    [
        ("type=status_changed", [7]),
        ("type=note_added&type=status_changed&sort=-sequence&limit=2", [7, 6]),
        ("type=note_added&after=4", [5, 6]),
        ("actor=token:nobody", []),
        ("actor=token:admin,token:nobody&type=incident_opened", [1]),
    ],
)
def test_types_and_actors_narrow_it(gw: GatewayUnderTest, notes: str, query: str, sequences: list[int]):
    assert [item["sequence"] for item in gw.get(f"{notes}?{query}").json["items"]] == sequences


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("before=3", "before"),
        ("sort=-sequence&after=2", "after"),
        ("type=token_made", "type"),
        ("sort=time", "sort"),
    ],
)
def test_what_would_be_thrown_away_is_refused(gw: GatewayUnderTest, notes: str, query: str, field: str):
    answer = gw.get(f"{notes}?{query}")

    assert answer.status_code == 422
    assert any(name.startswith(field) for name in answer.json["errors"])
