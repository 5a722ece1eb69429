"""Make a write happen once for its idempotency key, and give every repeat the same answer."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from services.gateway.domain.records import IdempotencyKey
from services.gateway.errors import IdempotencyKeyReused
from services.gateway.ports import Store, Transaction


class Answer(msgspec.Struct, frozen=True):
    """What goes back to the client, whole. ``is_repeat`` says that this key had its effect before."""

    status: int
    body: str
    location: str | None = None
    etag: str | None = None
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class RepeatGuard:
    """The key of a request, scoped by its subject, and a digest that tells a repeat from another request."""

    key: str
    request_digest: str


def guard_request(subject_id: str, key: str, *parts: bytes) -> RepeatGuard:
    """Return the guard of a request that is described by ``parts`` (method, path, body…)."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return RepeatGuard(key=f"{subject_id} {key}", request_digest=digest.hexdigest())


def answer_once(
    store: Store,
    guard: RepeatGuard | None,
    work: Callable[[Transaction], str],
    render: Callable[[str], Answer],
) -> Answer:
    """Commit ``work`` and return ``render`` of what it returned: a reference to what was made or changed.

    With a guard the effect and the key are one commit, so a repeat, also at the same time or after a crash,
    has no effect. The answer is kept in a second commit, because parts of it (numbers, sequences, hashes)
    exist only after the first; whoever keeps it first decides, and everyone gets that answer. Raises
    ``IdempotencyKeyReused`` if the key came with another request. An error from ``work`` keeps no key.
    """
    if guard is None:
        return render(store.transact(work))

    def guarded(tx: Transaction) -> IdempotencyKey | str:
        known = tx.find(IdempotencyKey, guard.key)
        if known is not None:
            return _check(known, guard)
        reference = work(tx)
        tx.put(_pending(guard, reference, tx))
        return reference

    made = store.transact(guarded)
    if isinstance(made, str):
        return _keep(store, guard, render(made))
    if made.body:
        return _as_repeat(made)
    # Between the two commits: the other request is about to keep its answer, or died before it could.
    return msgspec.structs.replace(_keep(store, guard, render(made.location or "")), is_repeat=True)


def _pending(guard: RepeatGuard, reference: str, tx: Transaction) -> IdempotencyKey:
    """Return the key as the effect's own commit has it: no answer yet, ``location`` holds the reference."""
    return IdempotencyKey(
        key=guard.key,
        request_digest=guard.request_digest,
        status=0,
        location=reference,
        body="",
        created_at=tx.now,
    )


def _check(known: IdempotencyKey, guard: RepeatGuard) -> IdempotencyKey:
    if known.request_digest != guard.request_digest:
        raise IdempotencyKeyReused("This Idempotency-Key came with another request before; use a new key.")
    return known


def _keep(store: Store, guard: RepeatGuard, answer: Answer) -> Answer:
    def work(tx: Transaction) -> Answer:
        known = tx.find(IdempotencyKey, guard.key)
        if known is None:
            return answer  # Retention was faster.
        if known.body:
            return msgspec.structs.replace(_as_repeat(known), is_repeat=False)
        tx.put(
            msgspec.structs.replace(
                known,
                status=answer.status,
                location=answer.location,
                etag=answer.etag,
                body=answer.body,
            ),
        )
        return answer

    return store.transact(work)


def _as_repeat(known: IdempotencyKey) -> Answer:
    return Answer(status=known.status, body=known.body, location=known.location, etag=known.etag, is_repeat=True)
