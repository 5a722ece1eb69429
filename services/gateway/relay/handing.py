"""The handing of a message as a trace tells it: a span for each job in it, under what the job was put for."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import msgspec

from services.gateway.relay.backlog import Entry
from services.gateway.relay.single_packing import Message
from shared.contracts.trail import Trail
from shared.ports import Attributes, Span, SpanKind, Tracer


class Handing:
    """Ends its spans with the ``with`` block. ``trails`` are those of the jobs from here on, where work is traced."""

    def __init__(self, tracer: Tracer, queue: str, message_id: str, message: Message) -> None:
        self._spans: list[Span] = []
        self.trails: dict[str, Trail] = {}
        before: Mapping[str, Trail | None] = message.trails if tracer.is_on else {}
        for entry in message.entries if tracer.is_on else ():
            trail = before.get(entry.job_id) or Trail()
            span = tracer.begin(
                f"hand {message.task}",
                SpanKind.PRODUCER,
                parent=trail.trace,
                links=(trail.earlier,) if trail.earlier is not None else (),
                attributes=_say(entry, trail, queue, message_id),
            )
            if span.context is not None:
                self._spans.append(span)
                self.trails[entry.job_id] = msgspec.structs.replace(trail, trace=span.context, earlier=None)

    def refuse(self, code: str, *, is_new: bool) -> None:
        """Say that the broker did not take it; while it goes on refusing, nothing is said of each further try."""
        for span in self._spans:
            span.fail(code)
        if not is_new:
            # Never ended, so never told.
            self._spans.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for span in self._spans:
            span.end()


def _say(entry: Entry, trail: Trail, queue: str, message_id: str) -> Attributes:
    said: dict[str, str | int | bool] = {
        "faultline.job_id": entry.job_id,
        "faultline.attempt": entry.attempt + 1,
        # It was lost, or failed, or its worker fell silent before.
        "faultline.handed_again": entry.suspect,
        "messaging.operation.type": "send",
        "messaging.destination.name": queue,
        "messaging.message.id": message_id,
    }
    return said if trail.request_id is None else said | {"faultline.request_id": trail.request_id}
