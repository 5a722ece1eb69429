"""Keeps what access left in memory: what one turn of the upkeep thread does."""

from functools import partial

from services.gateway.api.auth import Authenticator
from services.gateway.handlers.keep_access import keep_refusals, keep_use, note_expired
from services.gateway.handlers.manage_sessions import end_session
from services.gateway.handlers.write_audit import SYSTEM
from services.gateway.ports import Store
from shared.ports import Clock


def keep_access(store: Store, authenticator: Authenticator, clock: Clock) -> None:
    """Write down uses and refusals that are news, and end tokens and sessions that are over.

    Raises what the store raises; nothing is forgotten then, and the next turn does it.
    """
    known, usage, now = authenticator.credentials, authenticator.usage, clock.now()
    keep_use(store, usage.use(known.is_live))
    note_expired(store, known.all_tokens(), now)
    for session in known.live_sessions():
        why = authenticator.why_over(session)
        if why is not None:
            store.transact(partial(end_session, session_id=session.id, actor=SYSTEM, end=why))
    refusals = usage.refusals(now)
    if refusals is not None:
        keep_refusals(store, refusals)
        usage.forget(refusals, now)
