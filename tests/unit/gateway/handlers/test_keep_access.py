"""What access leaves in memory, and what becomes of it off the path of every request."""

from datetime import timedelta

import pytest

from services.gateway.api.access_keeper import keep_access
from services.gateway.api.auth import Authenticator
from services.gateway.api.throttle import Throttle
from services.gateway.domain.records import EntryType, Role, Session, Token, audit_chain
from services.gateway.errors import StoreFull, Unauthenticated
from services.gateway.handlers.manage_sessions import Browser, begin_session
from services.gateway.handlers.manage_tokens import make_token, revoke_token, token_id_for
from tests.support.clock import START, FixedClock, Ticks
from tests.support.memory_store import MemoryStore

IDLE = timedelta(hours=8)
SECRET = "flt_of-ann"
ADDRESS = "192.0.2.1"


class FillableStore(MemoryStore):
    """Its disk can be full."""

    is_full = False

    def transact(self, work):
        if self.is_full:
            raise StoreFull
        return super().transact(work)


class Rig:
    def __init__(self) -> None:
        self.clock = FixedClock()
        self.store = FillableStore(self.clock)
        self.make("ann", SECRET)
        self.auth = Authenticator(self.store, self.clock, Throttle(Ticks()), idle=IDLE)

    def make(self, name: str, secret: str, **fields) -> None:
        self.store.transact(
            lambda tx: make_token(tx, name=name, role=Role.VIEWER, secret=secret, created_by="test", **fields)
        )

    def show(self, secret: str = SECRET, address: str = ADDRESS) -> None:
        self.auth.authenticate(f"Bearer {secret}", address)

    def guess(self, times: int, address: str = ADDRESS) -> None:
        for _ in range(times):
            # Never so often in a row that the address is sent away.
            self.auth._throttle.note_good(address)
            with pytest.raises(Unauthenticated):
                self.show("flt_of-nobody", address)

    def keep(self, seconds: float = 0) -> None:
        self.clock.advance(seconds)
        keep_access(self.store, self.auth, self.clock)

    @property
    def token(self) -> Token:
        return self.store.get(Token, token_id_for("ann"))

    def audit(self, *types: EntryType):
        entries = self.store.list_timeline(audit_chain(START), limit=1_000)
        return [one.entry for one in entries if not types or one.entry.type in types]


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_request_writes_nothing_and_the_use_is_kept_afterwards(rig: Rig):
    before = rig.store.last_seq
    rig.show()
    assert rig.store.last_seq == before
    rig.keep()

    assert rig.token.last_used_at == START


def test_a_token_in_steady_use_is_written_every_few_minutes_only(rig: Rig):
    before = rig.store.last_seq
    for _ in range(120):
        rig.show()
        rig.keep(seconds=30)

    assert rig.store.last_seq - before == 12
    assert rig.clock.now() - rig.token.last_used_at <= timedelta(minutes=5, seconds=30)


def test_a_full_disk_stops_nobody_and_loses_no_use(rig: Rig):
    rig.store.is_full = True
    rig.show()
    rig.guess(1)
    with pytest.raises(StoreFull):
        rig.keep()
    rig.store.is_full = False
    rig.keep(seconds=60)

    assert rig.token.last_used_at == START
    assert [one.payload["count"] for one in rig.audit(EntryType.ACCESS_REFUSED)] == [1]


def test_a_token_that_expires_is_noted_once(rig: Rig):
    rig.make("brief", "flt_brief", expires_at=START + timedelta(minutes=1))
    rig.keep(seconds=59)
    assert rig.store.get(Token, token_id_for("brief")).expired_at is None
    rig.keep(seconds=1)
    rig.keep(seconds=60)

    (entry,) = rig.audit(EntryType.TOKEN_EXPIRED)
    assert (entry.actor, entry.source, entry.payload) == ("system", "system", {"tokenId": token_id_for("brief")})


def test_however_often_somebody_guesses_the_log_grows_by_an_entry_in_ten_minutes(rig: Rig):
    for number in range(120):
        rig.guess(50, address=f"192.0.2.{number}")
        rig.keep(seconds=30)

    entries = rig.audit(EntryType.ACCESS_REFUSED)
    assert len(entries) == 6
    assert all(len(entry.payload["byAddress"]) <= 20 for entry in entries)
    rig.keep(seconds=600)
    assert sum(entry.payload["count"] for entry in rig.audit(EntryType.ACCESS_REFUSED)) == 6_000


def test_what_is_refused_while_it_is_written_down_is_told_the_next_time(rig: Rig):
    rig.guess(3)
    refusals = rig.auth.usage.refusals(rig.clock.now())
    rig.guess(2)
    rig.auth.usage.forget(refusals, rig.clock.now())
    rig.keep(seconds=600)

    assert [one.payload["count"] for one in rig.audit(EntryType.ACCESS_REFUSED)] == [2]


def test_a_session_that_ended_is_forgotten(rig: Rig):
    browser = Browser(secret="fls_1", address=ADDRESS, user_agent="x" * 1_000)
    session_id = rig.store.transact(
        lambda tx: begin_session(tx, token_id_for("ann"), browser, timedelta(hours=1), live=[])
    )
    rig.auth.recognise("fls_1", ADDRESS)
    rig.keep(seconds=3_600)
    rig.keep()

    session = rig.store.get(Session, session_id)
    assert (session.end, session.ended_by, len(session.user_agent)) == ("expired", "system", 200)
    assert rig.auth.usage.use(rig.auth.credentials.is_live).sessions == {}
    assert [one.payload["end"] for one in rig.audit(EntryType.SESSION_ENDED)] == ["expired"]


def test_a_session_cannot_begin_with_a_token_that_was_revoked_meanwhile(rig: Rig):
    rig.store.transact(lambda tx: revoke_token(tx, token_id_for("ann"), "token:bob"))
    browser = Browser(secret="fls_1", address=ADDRESS, user_agent="")

    with pytest.raises(Unauthenticated):
        rig.store.transact(lambda tx: begin_session(tx, token_id_for("ann"), browser, timedelta(hours=1), live=[]))
