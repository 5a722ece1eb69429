import msgspec
import pytest

from services.gateway.domain.records import Activity, Incident
from services.gateway.ports import IncidentQuery, RecordQuery
from tests.support.records import an_incident

TITLES = ("db of eu-1 is slow", "DB2 fails", "über alles — ab", 'a "quoted" 5xx rise', "100% of s3")
WORDS = (
    "d",
    "db",
    "db2",
    "DB",
    "ü",
    "üb",
    "über",
    "a",
    "5",
    "5x",
    "5xx",
    '"q',
    '"quoted"',
    "%",
    "0%",
    "-1",
    "z",
    "zz",
    "*",
    "inc-",
    "INC-2",
    "2",
    "or",
    "NOT",
)


@pytest.fixture
def titled(store):
    for n, title in enumerate(TITLES):
        store.transact(lambda tx, n=n, title=title: tx.put(an_incident(f"inc_{n}", title=title)))
    return store


def found(store, text):
    return [
        msgspec.json.decode(item)["number"]
        for item in store.list_incidents(IncidentQuery(text=text, sort="number")).items
    ]


def expected(titles, text):
    return [
        n for n, title in enumerate(titles, 1) if all(w in f"inc-{n}\n{title}".lower() for w in text.lower().split())
    ]


@pytest.mark.parametrize("text", [*WORDS, "db slow", "a 5x", "  db  "])
def test_every_word_is_found_wherever_it_stands(titled, text):
    assert found(titled, text) == expected(TITLES, text)


def test_words_asked_for_before_follow_every_change(titled):
    for word in WORDS:
        found(titled, word)

    titles = [*TITLES[:1], "überall zz", *TITLES[2:], "a new 5xx"]
    titled.transact(lambda tx: tx.put(msgspec.structs.replace(tx.get(Incident, "inc_1"), title=titles[1])))
    titled.transact(lambda tx: tx.put(an_incident("inc_5", title=titles[5])))

    for word in WORDS:
        assert found(titled, word) == expected(titles, word), word
    titled.transact(lambda tx: tx.remove_incident("inc_0"))
    for word in WORDS:
        assert found(titled, word) == [n for n in expected(titles, word) if n != 1], word


def test_records_without_a_time_are_listed_by_their_parent(store):
    store.transact(lambda tx: tx.put(Activity(incident_id="inc_1")))
    store.transact(lambda tx: tx.put(Activity(incident_id="inc_2")))

    page = store.list_records(Activity, RecordQuery(parent="inc_2"))
    assert [activity.incident_id for activity in page.records] == ["inc_2"]
    assert page.total == 1
