import pytest

from services.gateway.domain.records import AUDIT, Role, Scope, TimelineEntry, Token, TokenState
from services.gateway.handlers.manage_tokens import hash_token, make_token, revoke_token, token_id_for
from services.gateway.handlers.set_intake_token import INTAKE, set_intake_token
from services.gateway.ports import RecordQuery
from shared.errors import SettingsInvalid
from tests.support.clock import FixedClock
from tests.support.memory_store import MemoryStore

FIRST, SECOND = "the-first-secret-of-alerts", "the-second-secret-of-alerts"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(clock: FixedClock) -> MemoryStore:
    return MemoryStore(clock)


def intake(store: MemoryStore) -> Token:
    return store.get(Token, token_id_for(INTAKE))


def audit(store: MemoryStore) -> list[str]:
    page = store.list_records(TimelineEntry, RecordQuery(states=(AUDIT,)))
    return [str(entry.type) for entry in sorted(page.records, key=lambda entry: entry.sequence)]


def test_it_may_send_deliveries_and_nothing_else(store: MemoryStore):
    assert set_intake_token(store, FIRST) is True

    made = intake(store)
    assert (made.role, made.scopes, made.created_by) == (Role.SERVICE, (Scope.INTAKE_SEND,), "system")
    assert made.sha256 == hash_token(FIRST)
    assert audit(store) == ["token_made"]


def test_the_next_start_with_the_same_secret_changes_nothing(store: MemoryStore):
    set_intake_token(store, FIRST)
    seq = store.last_seq
    assert set_intake_token(store, FIRST) is True

    assert store.last_seq == seq


def test_another_secret_takes_the_place_of_the_one_before(store: MemoryStore):
    set_intake_token(store, FIRST)
    set_intake_token(store, SECOND)

    assert intake(store).sha256 == hash_token(SECOND)
    assert audit(store) == ["token_made", "token_renewed"]


def test_without_its_setting_it_expires_and_comes_back_with_it(store: MemoryStore, clock: FixedClock):
    set_intake_token(store, FIRST)
    assert set_intake_token(store, None) is True
    assert intake(store).state(clock.now()) is TokenState.EXPIRED
    seq = store.last_seq
    set_intake_token(store, None)
    assert store.last_seq == seq
    clock.advance(86_400)
    set_intake_token(store, FIRST)

    assert intake(store).state(clock.now()) is TokenState.ACTIVE
    assert audit(store) == ["token_made", "token_expired", "token_renewed"]


def test_a_store_that_never_had_one_is_told_nothing(store: MemoryStore):
    set_intake_token(store, None)

    assert audit(store) == []


@pytest.mark.parametrize("between", [FIRST, None])
def test_one_that_a_person_revoked_stays_so_until_another_secret_is_set(store: MemoryStore, between: str | None):
    set_intake_token(store, FIRST)
    store.transact(lambda tx: revoke_token(tx, token_id_for(INTAKE), "token:ann"))
    set_intake_token(store, between)
    assert set_intake_token(store, FIRST) is False
    assert intake(store).revoked_at is not None

    assert set_intake_token(store, SECOND) is True
    assert intake(store).revoked_at is None


def test_a_secret_of_another_token_is_refused_and_not_repeated(store: MemoryStore):
    store.transact(lambda tx: make_token(tx, name="ann", role=Role.RESPONDER, secret=FIRST, created_by="token:admin"))
    with pytest.raises(SettingsInvalid, match="FAULTLINE_INTAKE_TOKEN") as refused:
        set_intake_token(store, FIRST)

    assert FIRST not in refused.value.detail
    assert store.find(Token, token_id_for(INTAKE)) is None
