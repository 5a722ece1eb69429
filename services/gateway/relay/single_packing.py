"""Turn one waiting job into the message its worker reads: for queues whose jobs travel alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import structlog

from services.gateway.domain.investigations import Question
from services.gateway.domain.records import Job
from services.gateway.ports import Store, StoreReads
from services.gateway.relay.backlog import Entry
from shared.contracts.base import Contract
from shared.contracts.diagnosis import DiagnosedResource
from shared.contracts.messages import ActionJob, DiagnoseResource, InvestigateIncident, TakeInventory, encode
from shared.contracts.queues import (
    DIAGNOSE_RESOURCE,
    EXECUTE_ACTION,
    INVESTIGATE_INCIDENT,
    PREVIEW_ACTION,
    TAKE_INVENTORY,
    VERIFY_ACTION,
)
from shared.contracts.trail import Trail

log = structlog.get_logger(__name__)
# Returns what an investigation is asked, by its id, as of now; None if it is gone.
WriteQuestion = Callable[[StoreReads, str], Question | None]


class Message(Protocol):
    """A message, and what became of each of the jobs that were to go in it; see ``Packed``."""

    @property
    def task(self) -> str: ...
    @property
    def entries(self) -> list[Entry]: ...
    @property
    def left(self) -> list[Entry]: ...
    @property
    def finished(self) -> list[Entry]: ...
    @property
    def broken(self) -> list[Entry]: ...

    @property
    def trails(self) -> Mapping[str, Trail | None]: ...

    def encode(self, message_id: str, trails: Mapping[str, Trail]) -> bytes:
        """Return the message as JSON; a job that ``trails`` names goes with that in place of its own."""
        ...


class Packer(Protocol):
    """Reads what a message needs. Safe to use from many threads."""

    def pack(self, entries: Sequence[Entry]) -> Message:
        """Return the message for as many of ``entries`` as fit, in order."""
        ...


@dataclass(slots=True)
class Single:
    """The message of one job."""

    task: str = ""
    job: Job | None = None
    message: Callable[[str], Contract] | None = None
    entries: list[Entry] = field(default_factory=list)
    left: list[Entry] = field(default_factory=list)
    finished: list[Entry] = field(default_factory=list)
    broken: list[Entry] = field(default_factory=list)

    @property
    def trails(self) -> dict[str, Trail | None]:
        """What the job was put for, by its id."""
        return {self.job.id: self.job.trail} if self.job is not None else {}

    def encode(self, message_id: str, trails: Mapping[str, Trail]) -> bytes:
        """Return the message as JSON; of none, nothing."""
        if self.message is None or self.job is None:
            return b""
        trail = trails.get(self.job.id, self.job.trail)
        message = self.message(message_id)
        return encode(msgspec.structs.replace(message, incident_id=self.job.incident_id, trail=trail))


class SinglePacking:
    """Writes the message that a job's kind asks for. Safe to use from many threads."""

    def __init__(self, store: Store, write_question: WriteQuestion) -> None:
        self._store, self._write_question = store, write_question

    def pack(self, entries: Sequence[Entry]) -> Single:
        """Return the message of the first of ``entries`` that has one to be done."""
        packed = Single()
        for index, entry in enumerate(entries):
            job = self._store.find(Job, entry.job_id)
            if job is None or job.state.is_final:
                packed.finished.append(entry)
                continue
            message = self._message_of(job)
            if message is None:
                packed.broken.append(entry)
                continue
            packed.task, packed.job, packed.message = job.kind, job, message
            packed.entries.append(entry)
            packed.left.extend(entries[index + 1 :])
            break
        return packed

    def _message_of(self, job: Job) -> Callable[[str], Contract] | None:
        write = self._investigate if job.kind == INVESTIGATE_INCIDENT else _WRITERS.get(job.kind)
        try:
            return write(job) if write is not None else None
        except msgspec.ValidationError:
            log.exception("the payload of a job cannot be read", **job.log_ids)
            return None

    def _investigate(self, job: Job) -> Callable[[str], Contract] | None:
        asked = self._write_question(self._store, str(job.payload.get("investigationId", "")))
        if asked is None:
            return None
        if asked.left_out > 0:
            log.warning("signals left out of a question", **job.log_ids, count=asked.left_out)
        return lambda message_id: InvestigateIncident(
            message_id=message_id,
            job_id=job.id,
            attempt=job.attempt + 1,
            context=asked.context,
            question=asked.question,
            earlier=asked.earlier,
        )


def _diagnose(job: Job) -> Callable[[str], Contract]:
    resource = msgspec.convert(job.payload["resource"], DiagnosedResource)
    return lambda message_id: DiagnoseResource(
        message_id=message_id, job_id=job.id, attempt=job.attempt + 1, resource=resource
    )


def _take_inventory(job: Job) -> Callable[[str], Contract]:
    return lambda message_id: TakeInventory(message_id=message_id, job_id=job.id, attempt=job.attempt + 1)


def _act(job: Job) -> Callable[[str], Contract]:
    return lambda message_id: ActionJob(message_id=message_id, job_id=job.id, attempt=job.attempt + 1)


_WRITERS: dict[str, Callable[[Job], Callable[[str], Contract] | None]] = {
    DIAGNOSE_RESOURCE: _diagnose,
    TAKE_INVENTORY: _take_inventory,
    PREVIEW_ACTION: _act,
    EXECUTE_ACTION: _act,
    VERIFY_ACTION: _act,
}
