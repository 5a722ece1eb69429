"""What the API takes of investigations, with its limits."""

from marshmallow import fields, validate

from services.gateway.api.fields import InputSchema, Moment, Text, Word, Words
from services.gateway.api.inputs import ListQuery
from services.gateway.domain.records import InvestigationState
from shared.contracts.investigation import Trigger

MOST_ENTITIES = 1_000
_NAME_LENGTH = 253
_ID_LENGTH = 100


class NewInvestigation(InputSchema):
    """Where to look and since when; what is left out follows from the incident, and all of it may be."""

    may_be_absent = True

    cluster = Text(
        most=_NAME_LENGTH,
        blank=False,
        metadata={"description": "As graph workers call it; left out, the one the incident names, or the only one."},
    )
    max_entities = fields.Integer(
        validate=validate.Range(1, MOST_ENTITIES),
        metadata={"description": "How many entities the graph holds at most; 200 if left out."},
    )
    since = Moment(metadata={"description": "When the trouble began; left out, what the incident and signals say."})


class InvestigationsQuery(ListQuery):
    """A page of the investigations of an incident."""

    state = Words(Word(InvestigationState))
    trigger = Words(Word(Trigger))


class OneInvestigationQuery(InputSchema):
    """Which investigation is read."""

    investigation = Text(most=_ID_LENGTH, blank=False, metadata={"description": "Its id; left out, the newest done."})


class GraphQuery(OneInvestigationQuery):
    """Which graph is read, and which part of it."""

    layer = Words(Text(most=50, blank=False), metadata={"description": "Only entities and edges of these layers."})


class GraphDiffQuery(InputSchema):
    """Which two graphs are compared."""

    before = Text(
        most=_ID_LENGTH,
        blank=False,
        data_key="from",
        metadata={"description": "An investigation's id; left out, the first that is kept of the same cluster."},
    )
    after = Text(
        most=_ID_LENGTH,
        blank=False,
        data_key="to",
        metadata={"description": "An investigation's id; left out, the newest done."},
    )
