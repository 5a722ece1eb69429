"""Make, bootstrap and revoke bearer tokens."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from services.gateway.domain.records import EntryType, Role, Scope, Token
from services.gateway.domain.scopes import useless_scopes
from services.gateway.errors import TokenNameTaken, ValidationFailed
from services.gateway.handlers.write_audit import SYSTEM, write_audit
from services.gateway.ports import Store, Transaction

ADMIN = "admin"
_PREFIX = "flt_"
# 28 characters, so that a token has the 32 of a PagerDuty routing key; 168 bits are beyond any guessing.
_SECRET_BYTES = 21


def hash_token(secret: str) -> str:
    """Return what is kept of a token. It is random and long, so a plain SHA-256 cannot be searched."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make_secret() -> str:
    """Return a new token."""
    return _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def token_id_for(name: str) -> str:
    """Return the id of the token called ``name``: one id per name, so that reading it guards the name.

    Names stand on timelines as actors; one that was revoked is therefore never given to anybody else.
    """
    return "tok_" + hashlib.sha256(name.casefold().encode()).hexdigest()[:26]


def make_token(
    tx: Transaction,
    *,
    name: str,
    role: Role,
    secret: str,
    created_by: str,
    expires_at: datetime | None = None,
    scopes: tuple[Scope, ...] | None = None,
) -> str:
    """Put the token and return its id.

    Raises ``TokenNameTaken`` if the name has or had one, and ``ValidationFailed`` for scopes that allow its role
    nothing, or if it would have expired already.
    """
    _check(role, scopes, expires_at, tx.now)
    token_id = token_id_for(name)
    if tx.find(Token, token_id) is not None:
        raise TokenNameTaken(f"There is or was a token named {name!r}.", errors={"name": ["is taken"]})
    token = Token(
        id=token_id,
        name=name,
        role=role,
        sha256=hash_token(secret),
        created_by=created_by,
        created_at=tx.now,
        expires_at=expires_at,
        scopes=scopes,
    )
    tx.put(token)
    _say_made(tx, token)
    return token.id


def _say_made(tx: Transaction, token: Token) -> None:
    write_audit(
        tx,
        EntryType.TOKEN_MADE,
        token.created_by,
        f"Token {token.name} made",
        tokenId=token.id,
        name=token.name,
        role=token.role,
        scopes=token.scopes,
        expiresAt=token.expires_at,
    )


def _check(role: Role, scopes: tuple[Scope, ...] | None, expires_at: datetime | None, now: datetime) -> None:
    problems: dict[str, list[str]] = {}
    if scopes and (useless := useless_scopes(role, scopes)):
        problems["scopes"] = [f"{scope} allows nothing to the role {role}" for scope in useless]
    if expires_at is not None and expires_at <= now:
        problems["expiresAt"] = ["is over already"]
    if problems:
        raise ValidationFailed(f"Not valid: {', '.join(problems)}.", errors=problems)


def revoke_token(tx: Transaction, token_id: str, actor: str) -> None:
    """Revoke the token from this commit on; again changes nothing. Raises ``RecordNotFound``.

    Its sessions let nobody in from then on, and are ended by ``keep_access``.
    """
    token = tx.get(Token, token_id)
    if token.revoked_at is None:
        tx.put(msgspec.structs.replace(token, revoked_at=tx.now))
        write_audit(tx, EntryType.TOKEN_REVOKED, actor, f"Token {token.name} revoked", tokenId=token_id)


def bootstrap_admin(store: Store, data_dir: Path, given: str | None) -> bool:
    """See to it that the admin token works, and return whether a new one was generated.

    ``given`` is used if there is one. Else the one in ``admin-token`` is, and without that one is generated and
    kept there, readable by its owner only. The token named ``admin`` follows: whoever can write the data folder
    or the environment owns the gateway anyway.
    """
    path = data_dir / "admin-token"
    kept = _read(path)
    secret = given or kept or make_secret()
    if not given and kept is None:
        _write_private(path, secret)

    def work(tx: Transaction) -> None:
        known = tx.find(Token, token_id_for(ADMIN))
        if known is None:
            make_token(tx, name=ADMIN, role=Role.ADMIN, secret=secret, created_by=SYSTEM)
        elif known.sha256 != hash_token(secret) or known.revoked_at or known.expires_at:
            renewed = {"sha256": hash_token(secret), "revoked_at": None, "expires_at": None, "expired_at": None}
            tx.put(msgspec.structs.replace(known, **renewed))
            write_audit(tx, EntryType.TOKEN_RENEWED, SYSTEM, "The admin token was set at start", tokenId=known.id)

    store.transact(work)
    return not given and kept is None


def _read(path: Path) -> str | None:
    for line in _lines(path):
        if line.strip():
            return line.strip()
    return None


def _lines(path: Path) -> Iterator[str]:
    with suppress(FileNotFoundError):
        yield from path.read_text().splitlines()


def _write_private(path: Path, secret: str) -> None:
    """Write the file whole or not at all; at no moment can anyone else read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(f"{secret}\n")
    part.replace(path)
