"""Keep the token of a sender that the environment names: known beforehand, and gone together with its setting."""

import msgspec

from services.gateway.domain.records import EntryType, Role, Scope, Token, TokenState
from services.gateway.handlers.manage_tokens import hash_token, make_token, token_id_for
from services.gateway.handlers.write_audit import SYSTEM, write_audit
from services.gateway.ports import RecordQuery, Store, Transaction
from shared.errors import SettingsInvalid

INTAKE = "setting:intake"
"""Its name, which no person can give to a token: theirs have no colon."""

_ID = token_id_for(INTAKE)


def set_intake_token(store: Store, given: str | None) -> bool:
    """See to it that ``given`` may send deliveries and nothing else, and return whether it may.

    The token follows its setting: another secret takes the place of the one before, and without a setting it expires.
    One that a person revoked stays so until the setting holds another secret; that is the one case of False.
    Raises ``SettingsInvalid`` if another token has this secret: whose it is could not be told.
    """
    if given is None:
        _expire(store)
        return True
    sha256 = hash_token(given)
    page = store.list_records(Token, RecordQuery(parent=sha256, with_total=False))
    if any(token.id != _ID for token in page.records):
        raise SettingsInvalid("FAULTLINE_INTAKE_TOKEN: another token has this secret; give it one of its own")
    return store.transact(lambda tx: _set(tx, given, sha256))


def _set(tx: Transaction, secret: str, sha256: str) -> bool:
    known = tx.find(Token, _ID)
    if known is None:
        make_token(tx, name=INTAKE, role=Role.SERVICE, scopes=(Scope.INTAKE_SEND,), secret=secret, created_by=SYSTEM)
        return True
    if known.sha256 == sha256:
        if known.revoked_at is not None:
            return False
        if known.state(tx.now) is TokenState.ACTIVE:
            return True
    renewed = {"sha256": sha256, "revoked_at": None, "expires_at": None, "expired_at": None}
    tx.put(msgspec.structs.replace(known, **renewed))
    write_audit(tx, EntryType.TOKEN_RENEWED, SYSTEM, "The intake token was set at start", tokenId=_ID)
    return True


def _expire(store: Store) -> None:
    def work(tx: Transaction) -> None:
        known = tx.find(Token, _ID)
        if known is not None and known.state(tx.now) is TokenState.ACTIVE:
            tx.put(msgspec.structs.replace(known, expires_at=tx.now, expired_at=tx.now))
            write_audit(tx, EntryType.TOKEN_EXPIRED, SYSTEM, "The intake token is not set any more", tokenId=_ID)

    store.transact(work)
