"""What the API takes: bodies and query strings, with their limits."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from services.gateway.api.diagnosis_inputs import DiagnosisInput
from services.gateway.api.fields import Flag, InputSchema, Moment, SeverityWord, Text, Word, Words, text_map
from services.gateway.domain.records import (
    AUDIT_TYPES,
    DeliveryState,
    EntryType,
    IncidentSource,
    IncidentStatus,
    JobState,
    Outcome,
)
from services.gateway.handlers.read_timeline import TimelineWish
from shared.contracts.severity import Severity
from shared.contracts.signal import SignalStatus

TITLE_LENGTH = 300
DESCRIPTION_LENGTH = 64 << 10
NOTE_LENGTH = 16 << 10
_NEWEST_FIRST = "-sequence"
_ROLE = r"^[A-Za-z][A-Za-z0-9_-]{0,62}$"


class IncidentFields(InputSchema):
    """The fields of an incident that people edit."""

    title = Text(most=TITLE_LENGTH, blank=False)
    description = Text(most=DESCRIPTION_LENGTH)
    severity = SeverityWord()
    owner = Text(most=200, blank=False, allow_none=True)
    roles = text_map(
        most_entries=20,
        key_length=63,
        key_pattern=_ROLE,
        value_length=200,
        blank_values=False,
        metadata={
            "example": {"commander": "ann", "commsLead": "bob"},
            "description": "Who has which part: commander, scribe, commsLead, or roles of your own.",
        },
    )
    services = fields.List(Text(most=200, blank=False), validate=validate.Length(max=50))
    labels = text_map(most_entries=50, key_length=63, value_length=500, metadata={"example": {"team": "payments"}})

    @ma.post_load
    def freeze(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Services are a tuple in the record; naming one twice says nothing new."""
        if "services" in data:
            data["services"] = tuple(dict.fromkeys(data["services"]))
        return data


class NewIncident(IncidentFields):
    """An incident to open."""

    # Not a default of ours: a severity nobody gave must be told from one that was, which is pinned.
    severity = SeverityWord(
        metadata={
            "default": Severity.MEDIUM,
            "description": "Pinned when given; when left out, worse signals raise it.",
        },
    )
    source = Word(IncidentSource, metadata={"description": "manual if left out; quickdx with a diagnosis."})
    detected_at = Moment(metadata={"description": "When it was noticed; now if left out."})
    diagnosis = fields.Nested(
        DiagnosisInput, metadata={"description": "Is attached; says what the other fields leave out, the title too."}
    )

    diagnosis_id = Text(
        most=100,
        blank=False,
        metadata={"description": "Of a diagnosis that was asked for and is done; in place of diagnosis."},
    )

    @ma.validates_schema
    def check_title(self, data: dict[str, Any], **_: Any) -> None:
        """An incident has a title: its own, or what its diagnosis says."""
        if "diagnosis" in data and "diagnosis_id" in data:
            raise ma.ValidationError("cannot be combined with diagnosis", "diagnosisId")
        if not {"title", "diagnosis", "diagnosis_id"} & set(data):
            raise ma.ValidationError("is required where there is no diagnosis", "title")


class IncidentChange(IncidentFields):
    """Fields to set, a status to move to, or both. Lists and maps are replaced whole."""

    status = Word(IncidentStatus)
    reason = Text(
        most=2_000, load_default="", metadata={"description": "Why the status moves; on the timeline. Needs status."}
    )
    force = Flag(
        load_default=False,
        metadata={"description": "Resolve although linked signals still fire; needs status and a reason."},
    )

    @ma.validates_schema
    def check_move(self, data: dict[str, Any], **_: Any) -> None:
        """What belongs to a move is refused without one: it would be thrown away."""
        if "status" not in data:
            lost = {name: ["needs status"] for name in ("reason", "force") if data[name]}
            if lost:
                raise ma.ValidationError(lost)


class NewNote(InputSchema):
    """A note for the timeline."""

    message = Text(most=NOTE_LENGTH, blank=False, required=True)
    occurred_at = Moment(metadata={"description": "When it happened; now if left out."})


class NoFields(InputSchema):
    """Nothing is taken."""


class Page(InputSchema):
    """Which page of a list."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    cursor = Text(most=1_000, metadata={"description": "nextCursor of the page before."})


class ListQuery(Page):
    """A page of a list that is ordered by time, newest first."""

    since = Moment(metadata={"description": "Only from this moment on."})
    until = Moment(metadata={"description": "Only before this moment."})


class SignalQuery(ListQuery):
    """A page of signals."""

    status = Words(Word(SignalStatus))
    source = Words(Text(most=200))
    incident_id = Text(most=100, metadata={"description": "inc_… or INC-42."})


class IncidentSignalsQuery(ListQuery):
    """A page of the signals of one incident."""

    status = Words(Word(SignalStatus))


class JobQuery(ListQuery):
    """A page of jobs. ``queue`` timer means the timers."""

    state = Words(Word(JobState))
    queue = Words(Text(most=63))
    incident_id = Text(most=100, metadata={"description": "inc_… or INC-42."})
    delivery_id = Text(most=100)

    @ma.validates_schema
    def check_parent(self, data: dict[str, Any], **_: Any) -> None:
        """A job belongs to an incident or to a delivery."""
        if "incident_id" in data and "delivery_id" in data:
            raise ma.ValidationError("cannot be combined with incidentId", "deliveryId")


class IncidentJobsQuery(ListQuery):
    """A page of the jobs of one incident."""

    state = Words(Word(JobState))


class DeliveryQuery(ListQuery):
    """A page of deliveries."""

    state = Words(Word(DeliveryState))
    source = Words(Text(most=200))
    outcome = Word(Outcome)


class TimelineQuery(InputSchema):
    """Which part of a timeline."""

    after = fields.Integer(load_default=0, validate=validate.Range(0, 1 << 53))
    before = fields.Integer(
        validate=validate.Range(1, 1 << 53),
        metadata={"description": "Only entries below this sequence; needs sort=-sequence."},
    )
    sort = fields.String(
        load_default="sequence",
        validate=validate.OneOf(["sequence", _NEWEST_FIRST]),
        metadata={"description": "With - the newest first, from before down."},
    )
    type = Words(
        fields.String(validate=validate.OneOf([kind for kind in EntryType if kind not in AUDIT_TYPES])),
        metadata={"description": "Only entries of these types."},
    )
    actor = Words(Text(most=200), metadata={"description": "Only entries of these actors."})
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 1_000))

    @ma.validates_schema
    def check_direction(self, data: dict[str, Any], **_: Any) -> None:
        """Each direction has a bound of its own; the other would be thrown away."""
        is_newest_first = data["sort"] == _NEWEST_FIRST
        if is_newest_first and data["after"]:
            raise ma.ValidationError("cannot be combined with sort=-sequence", "after")
        if not is_newest_first and "before" in data:
            raise ma.ValidationError("needs sort=-sequence", "before")


def timeline_wish(args: dict[str, Any]) -> TimelineWish:
    """Return what ``TimelineQuery`` read."""
    return TimelineWish(
        is_newest_first=args["sort"] == _NEWEST_FIRST,
        after=args["after"],
        before=args.get("before"),
        types=frozenset(EntryType(kind) for kind in args["type"]),
        actors=frozenset(args["actor"]),
        limit=args["limit"],
    )


class VerifyQuery(InputSchema):
    """How much to verify in one request."""

    limit = fields.Integer(load_default=5_000, validate=validate.Range(1, 20_000))
    cursor = Text(most=1_000, metadata={"description": "nextCursor of the part before."})
