"""Decide who is behind a request: a token, a browser's session, or a source that signs."""

from collections.abc import Callable
from datetime import timedelta

import structlog

from services.gateway.api.credentials import Credentials
from services.gateway.api.throttle import Throttle
from services.gateway.api.usage import Usage
from services.gateway.domain.access import Subject
from services.gateway.domain.records import Role, Session, SessionEnd, Token, TokenState
from services.gateway.domain.sessions import why_over
from services.gateway.errors import SignatureInvalid, TooManyBadTokens, Unauthenticated
from services.gateway.ports import Store
from shared.bearer import find_bearer
from shared.ports import Clock

log = structlog.get_logger(__name__)

DEFAULT_IDLE = timedelta(hours=8)
_ADVICE = "Send the header `Authorization: Bearer <token>` with a token that is known, not revoked and not expired."
_SIGN_IN = "This session is over, or is none of ours; sign in again."


class Authenticator:
    """Turns what a request shows into a subject, and holds back addresses that guess. Safe to use from many threads.

    ``idle`` is how long a session may be unused.
    """

    def __init__(
        self, store: Store, clock: Clock, throttle: Throttle | None = None, *, idle: timedelta = DEFAULT_IDLE
    ) -> None:
        self._clock = clock
        self._throttle = throttle or Throttle()
        self._idle = idle
        self.credentials = Credentials(store)
        self.usage = Usage()

    def authenticate(self, header: str | None, address: str) -> Subject:
        """Return the subject of a bearer token in the Authorization header; raises what ``identify`` raises."""
        if header is None:
            return self.identify(None, address)
        return self.identify(find_bearer(header) or "", address)

    def identify(self, secret: str | None, address: str) -> Subject:
        """Return the subject whose token ``secret`` is, by whatever way it came; None if none came.

        Raises ``Unauthenticated``, or ``TooManyBadTokens`` for an address that guesses.
        """
        if secret is None:
            raise Unauthenticated(_ADVICE)
        self._hold_back(address)
        token, now = self.credentials.find_token(secret), self._clock.now()
        if token is None or token.state(now) is not TokenState.ACTIVE:
            self._note_bad(address)
            log.warning("token refused", address=address, token_id=token.id if token else None)
            raise Unauthenticated(_ADVICE)
        self._throttle.note_good(address)
        self.usage.note(token.id, None, now)
        return _subject_of(token)

    def recognise(self, secret: str, address: str) -> Subject:
        """Return the subject of the session whose secret a browser's cookie brought; raises what ``identify`` raises.

        A session that is over is refused, but is no guess: pages that stay open go on showing it.
        """
        self._hold_back(address)
        session = self.credentials.find_session(secret)
        if session is None and not self.credentials.was_session(secret):
            self._note_bad(address)
            log.warning("session refused", address=address)
            raise Unauthenticated(_SIGN_IN)
        if session is None or self.why_over(session) is not None:
            raise Unauthenticated(_SIGN_IN)
        self._throttle.note_good(address)
        self.usage.note(session.token_id, session.id, self._clock.now())
        return Subject(
            id=f"token:{session.name}",
            name=session.name,
            role=session.role,
            scopes=session.scopes,
            token_id=session.token_id,
            session_id=session.id,
            expires_at=session.expires_at,
        )

    def why_over(self, session: Session) -> SessionEnd | None:
        """Return why the session lets nobody in any more; None if it does."""
        token = self.credentials.token(session.token_id)
        last_seen_at = self.usage.seen_at(session.id, session.last_seen_at)
        return why_over(session, token, self._clock.now(), self._idle, last_seen_at)

    def current_session(self, secret: str | None) -> str | None:
        """Return the id of the session of this secret if it was not ended; whoever asks proved who they are already."""
        session = self.credentials.find_session(secret) if secret else None
        return session.id if session else None

    def vouch(self, source: str, address: str, find_signature: Callable[[], str | None]) -> tuple[Subject, str]:
        """Return the subject of a source that signs, and the signature, as ``find_signature`` finds it.

        Raises ``SignatureInvalid`` where it finds none, or ``TooManyBadTokens`` for an address that guesses.
        """
        self._hold_back(address)
        signature = find_signature()
        if signature is None:
            self._note_bad(address)
            log.warning("signature refused", address=address, source=source)
            raise SignatureInvalid(f"What {source} sends must carry its signature; see docs/intake.md.")
        self._throttle.note_good(address)
        name = f"signature:{source}"
        return Subject(id=name, name=name, role=Role.SERVICE), signature

    def learn(self, record: Token | Session) -> None:
        """Take in a token or session just made or ended here: after the answer it works, or no longer does."""
        self.credentials.learn(record)

    def _hold_back(self, address: str) -> None:
        if wait := self._throttle.wait_seconds(address):
            raise TooManyBadTokens(f"Try again in {wait} seconds.", retry_after_seconds=wait)

    def _note_bad(self, address: str) -> None:
        self._throttle.note_bad(address)
        self.usage.note_refused(address, self._clock.now())


def _subject_of(token: Token) -> Subject:
    return Subject(
        id=f"token:{token.name}",
        name=token.name,
        role=token.role,
        scopes=token.scopes,
        token_id=token.id,
        expires_at=token.expires_at,
    )
