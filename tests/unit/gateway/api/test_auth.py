import msgspec
import pytest

from services.gateway.api.auth import Authenticator
from services.gateway.domain.records import Role, Token
from services.gateway.errors import StoreFull, Unauthenticated
from services.gateway.handlers.manage_tokens import hash_token, make_token, revoke_token, token_id_for
from tests.support.clock import FixedClock
from tests.support.memory_store import MemoryStore


class ListingStore(MemoryStore):
    """Its lists can be made to fail, or to be overtaken by something."""

    broken = False
    overtaken_by = None

    def list_records(self, kind, query):
        if self.broken:
            raise StoreFull("the index cannot be written")
        page = super().list_records(kind, query)
        meanwhile, self.overtaken_by = self.overtaken_by, None
        if meanwhile:
            self.transact(meanwhile)
        return page


@pytest.fixture
def store() -> ListingStore:
    return ListingStore(FixedClock())


def make(store: MemoryStore, name: str) -> str:
    secret = f"flt_of-{name}"
    store.transact(lambda tx: make_token(tx, name=name, role=Role.VIEWER, secret=secret, created_by="test"))
    return f"Bearer {secret}"


def is_let_in(auth: Authenticator, header: str) -> bool:
    try:
        auth.authenticate(header, "192.0.2.1")
    except Unauthenticated:
        return False
    return True


def test_a_store_that_cannot_list_shuts_nobody_out(store: ListingStore):
    before = make(store, "before")
    auth = Authenticator(store, FixedClock())
    store.broken = True
    after = make(store, "after")

    assert is_let_in(auth, before)
    assert is_let_in(auth, after)
    assert not is_let_in(auth, "Bearer flt_of-nobody")


def test_tokens_of_every_page_are_known(store: ListingStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.gateway.api.credentials._PAGE", 2)
    headers = [make(store, f"t{number}") for number in range(5)]
    auth = Authenticator(store, FixedClock())

    assert all(is_let_in(auth, header) for header in headers)


@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param(lambda tx: revoke_token(tx, token_id_for("bob"), "test"), id="revoked"),
        pytest.param(lambda tx: tx.remove(Token, token_id_for("bob")), id="removed"),
    ],
)
def test_a_token_that_ends_while_the_tokens_are_read_is_refused(store: ListingStore, meanwhile):
    header = make(store, "bob")
    store.overtaken_by = meanwhile

    assert not is_let_in(Authenticator(store, FixedClock()), header)


def test_a_token_whose_secret_changed_is_known_by_the_new_one_only(store: ListingStore):
    old = make(store, "bob")
    auth = Authenticator(store, FixedClock())
    known = store.get(Token, token_id_for("bob"))
    store.transact(lambda tx: tx.put(msgspec.structs.replace(known, sha256=hash_token("flt_new"))))

    assert not is_let_in(auth, old)
    assert is_let_in(auth, "Bearer flt_new")


def test_a_late_word_of_a_token_made_does_not_undo_its_revocation(store: ListingStore):
    header = make(store, "bob")
    made = store.get(Token, token_id_for("bob"))
    auth = Authenticator(store, FixedClock())
    store.transact(lambda tx: revoke_token(tx, made.id, "test"))

    auth.learn(made)

    assert not is_let_in(auth, header)
