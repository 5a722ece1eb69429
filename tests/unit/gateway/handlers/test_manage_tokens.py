import stat
from pathlib import Path

from services.gateway.domain.records import Role, Token
from services.gateway.handlers.manage_tokens import bootstrap_admin, hash_token, revoke_token, token_id_for
from tests.support.clock import FixedClock
from tests.support.memory_store import MemoryStore


def admin(store: MemoryStore) -> Token:
    return store.get(Token, token_id_for("admin"))


def test_the_first_start_generates_a_token_only_its_owner_can_read(tmp_path: Path):
    store = MemoryStore(FixedClock())
    assert bootstrap_admin(store, tmp_path, None) is True

    path = tmp_path / "admin-token"
    secret = path.read_text().strip()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret.startswith("flt_")
    assert len(secret) == 32
    assert (admin(store).sha256, admin(store).role) == (hash_token(secret), Role.ADMIN)


def test_later_starts_use_the_kept_token(tmp_path: Path):
    store = MemoryStore(FixedClock())
    bootstrap_admin(store, tmp_path, None)
    before, seq = (tmp_path / "admin-token").read_text(), store.last_seq
    assert bootstrap_admin(store, tmp_path, None) is False

    assert (tmp_path / "admin-token").read_text() == before
    assert store.last_seq == seq


def test_a_given_token_is_used_and_not_written_down(tmp_path: Path):
    store = MemoryStore(FixedClock())
    bootstrap_admin(store, tmp_path, "a-token-that-was-given")

    assert not (tmp_path / "admin-token").exists()
    assert admin(store).sha256 == hash_token("a-token-that-was-given")


def test_another_given_token_takes_the_place_of_the_one_before(tmp_path: Path):
    store = MemoryStore(FixedClock())
    bootstrap_admin(store, tmp_path, "a-token-that-was-given")
    bootstrap_admin(store, tmp_path, "another-token-instead")

    assert admin(store).sha256 == hash_token("another-token-instead")


def test_an_owner_of_the_folder_gets_back_in_after_revoking_the_admin(tmp_path: Path):
    store = MemoryStore(FixedClock())
    bootstrap_admin(store, tmp_path, None)
    store.transact(lambda tx: revoke_token(tx, token_id_for("admin"), "test"))
    bootstrap_admin(store, tmp_path, None)

    assert admin(store).revoked_at is None
