"""Play the demo outage: its deliveries are accepted as if their sources sent them, one after the other."""

from dataclasses import dataclass
from datetime import timedelta

import msgspec

from services.gateway.domain.demo_story import CLUSTERS, Notification, tell_story
from services.gateway.domain.records import KNOWN_CLUSTERS, GraphClusters, Job
from services.gateway.handlers.accept_delivery import Accepted, Incoming, put_delivery
from services.gateway.ports import Store, Transaction
from shared.ids import new_request_id
from shared.ports import Clock

_AGENT = "faultline-demo"


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """Who wants it played, how long each step waits for the one before, and what makes a repeat the same."""

    actor: str
    pace: timedelta
    idempotency_key: str | None = None


def play_demo(store: Store, clock: Clock, order: DemoOrder) -> list[tuple[Notification, Accepted]]:
    """Return each step with its delivery, once all are durable.

    A commit each, because what was accepted later must count as later. Under the idempotency key of before, what a
    crash left out is added, and nothing is accepted twice.
    """
    known = store.find(GraphClusters, KNOWN_CLUSTERS)
    names = known.names if known is not None else ()
    cluster = next((name for name in CLUSTERS if name in names), CLUSTERS[0])
    key = order.idempotency_key or new_request_id()
    began_at = clock.now()
    story = tell_story(began_at, cluster)
    played: list[tuple[Notification, Accepted]] = []
    for number, step in enumerate(story):
        incoming = Incoming(
            source=step.source,
            sender=order.actor,
            headers={"User-Agent": _AGENT, "Content-Type": "application/json"},
            body=step.body,
            context=dict(step.context),
            idempotency_key=f"{_AGENT} {key} {number}",
            is_same_by_key=True,
        )
        wait = order.pace * number

        def put(tx: Transaction, incoming: Incoming = incoming, wait: timedelta = wait) -> Accepted:
            accepted = put_delivery(tx, incoming, incoming.body.decode(), None)
            if wait and not accepted.is_repeat:
                job = tx.get(Job, accepted.job_id)
                tx.put(msgspec.structs.replace(job, not_before=began_at + wait))
            return accepted

        played.append((step, store.transact(put)))
    return played
