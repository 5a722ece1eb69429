"""What the file of the approval policy may hold: its tables, their members, and the limits of each."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import marshmallow as ma
from marshmallow import fields, validate

from services.gateway.domain.actions.policy import UNKNOWN_ENVIRONMENT, Environment, Freeze, Hours, PolicyOverride
from services.gateway.domain.actions.policy import Weekday as Day
from services.gateway.domain.actions.policy.hours import DAY_BEGINS, DAY_ENDS
from services.gateway.domain.records import ActionRisk, ActionType, Role
from shared.contracts.action import KubernetesVerb

MOST_APPROVALS = 10
MOST_OVERRIDES = MOST_FREEZES = 100
MOST_ENVIRONMENTS = 50
_MOST_HOURS = 20
_MOST_MINUTES = 30 * 24 * 60
_MOST_REASON = 500
_EXECUTORS = (Role.RESPONDER, Role.APPROVER, Role.ADMIN)
_APPROVERS = (Role.APPROVER, Role.ADMIN)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
# Calendars of all zones, and the walk from one span to the next, stay well within what a date can be.
_FIRST_YEAR, _LAST_YEAR = 2000, 2199


class _Whole(fields.Integer):
    def __init__(self, low: int, high: int) -> None:
        super().__init__(strict=True, validate=validate.Range(low, high))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ma.ValidationError("must be a whole number")
        return super()._deserialize(value, attr, data, **options)


class _Flag(fields.Boolean):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise ma.ValidationError("must be true or false")
        return value


class _Word(fields.String):
    """One of some words, as a member of their enum."""

    def __init__(self, words: type[StrEnum], allowed: tuple[StrEnum, ...] = ()) -> None:
        self._words = words
        super().__init__(validate=validate.OneOf([str(word) for word in allowed or words]))

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **options: Any) -> Any:
        found = super().deserialize(value, attr, data, **options)
        return self._words(found) if isinstance(found, str) else found


class _Moment(fields.Field[datetime]):
    """A moment with its offset: TOML has them of its own, JSON as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> datetime:
        found = value
        if isinstance(value, str):
            try:
                found = datetime.fromisoformat(value)
            except ValueError:
                found = None
        if not isinstance(found, datetime) or found.utcoffset() is None:
            raise ma.ValidationError("must be a time with its offset, such as 2026-12-20T00:00:00+01:00")
        if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
            raise ma.ValidationError(f"must be in the years {_FIRST_YEAR} to {_LAST_YEAR}")
        return found.astimezone(UTC)


def _check_name(text: str) -> None:
    if not _NAME.fullmatch(text):
        raise ma.ValidationError(
            "must be 1 to 63 letters, digits, `.`, `_` and `-`, with a letter or digit at each end"
        )


def _check_clock(text: str) -> None:
    if not _CLOCK.fullmatch(text):
        raise ma.ValidationError("must be a time of day such as 08:30")


def _check_end(text: str) -> None:
    if text != DAY_ENDS:
        _check_clock(text)


def _check_zone(text: str) -> None:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # A folder of the database is an OSError.
        raise ma.ValidationError("must be a time zone such as Europe/Berlin or UTC") from None


def _check_reason(text: str) -> None:
    if not text.strip() or not text.isprintable():
        raise ma.ValidationError("must be one line of text")


def _words(words: type[StrEnum]) -> fields.List[Any]:
    return fields.List(_Word(words), validate=validate.Length(1, 50))


def _patterns() -> fields.List[Any]:
    return fields.List(fields.String(validate=validate.Length(1, 253)), validate=validate.Length(1, 50))


def _reason(**options: Any) -> fields.String:
    return fields.String(validate=[validate.Length(1, _MOST_REASON), _check_reason], **options)


def with_tuples(data: dict[str, Any]) -> dict[str, Any]:
    """Return ``data`` with its lists as records hold them."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}


class _Strict(ma.Schema):
    class Meta:
        unknown = ma.RAISE

    error_messages = {"unknown": "is not a member of this table"}

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        first, *rest = field_name.split("_")
        field_obj.data_key = field_obj.data_key or first + "".join(word.capitalize() for word in rest)


class _Rule(_Strict):
    approvals = _Whole(1, MOST_APPROVALS)
    self_approval = _Flag()
    approver_role = _Word(Role, _APPROVERS)
    approvers = _patterns()
    executor_role = _Word(Role, _EXECUTORS)
    approval_minutes = _Whole(1, _MOST_MINUTES)
    pending_minutes = _Whole(1, _MOST_MINUTES)
    ask_at_once = _Flag()


class _Match(_Strict):
    risks = _words(ActionRisk)
    types = _words(ActionType)
    verbs = _words(KubernetesVerb)
    contexts = _patterns()
    namespaces = _patterns()
    environments = fields.List(fields.String(validate=_check_name), validate=validate.Length(1, MOST_ENVIRONMENTS))


class _Named(fields.Dict):
    """Tables by their names; what is wrong with one is told by its name, and not by marshmallow's words for a map."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        try:
            # marshmallow leaves this one method of its Dict without annotations.
            return super()._deserialize(value, attr, data, **options)  # type: ignore[no-untyped-call]
        except ma.ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            named = {name: parts.get("key") or parts["value"] for name, parts in error.messages.items()}
            raise ma.ValidationError(named) from None


class _Hours(_Strict):
    days = _words(Day)
    from_time = fields.String(data_key="from", load_default=DAY_BEGINS, validate=_check_clock)
    to_time = fields.String(data_key="to", load_default=DAY_ENDS, validate=_check_end)
    zone = fields.String(required=True, validate=_check_zone)

    @ma.validates_schema
    def check_length(self, data: dict[str, Any], **_: Any) -> None:
        """The same time twice would be a whole day, or nothing: say which."""
        if data["from_time"] == data["to_time"]:
            raise ma.ValidationError("must not be the same as from; the whole day is 00:00 to 24:00", "to")

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> Hours:
        """Return the record's part."""
        return Hours(**with_tuples(data))


def _hours() -> fields.List[Any]:
    return fields.List(fields.Nested(_Hours), validate=validate.Length(1, _MOST_HOURS))


class _Override(_Match, _Rule):
    hours = _hours()
    reason = _reason()

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> PolicyOverride:
        """Return the record's part."""
        return PolicyOverride(**with_tuples(data))


class _Freeze(_Match):
    name = fields.String(required=True, validate=_check_name)
    reason = _reason(required=True)
    from_at = _Moment(data_key="from")
    until = _Moment()
    hours = _hours()
    break_glass_role = _Word(Role, _EXECUTORS)

    @ma.validates_schema
    def check_times(self, data: dict[str, Any], **_: Any) -> None:
        """It is once, from a moment until another, or weekly."""
        once = [name for name in ("from_at", "until") if name in data]
        if "hours" in data and once:
            raise ma.ValidationError("cannot be combined with from and until", "hours")
        if "hours" not in data and len(once) < len(("from", "until")):
            raise ma.ValidationError("give from and until, or hours")
        if once and data["until"] <= data["from_at"]:
            raise ma.ValidationError("must be after from", "until")

    @ma.post_load
    def make(self, data: dict[str, Any], **_: Any) -> Freeze:
        """Return the record's part."""
        return Freeze(**with_tuples(data))


class _Risks(_Strict):
    low = fields.Nested(_Rule)
    medium = fields.Nested(_Rule)
    high = fields.Nested(_Rule)
    critical = fields.Nested(_Rule)


class _Environment(_Strict):
    contexts = _patterns()
    namespaces = _patterns()

    @ma.validates_schema
    def check_lists(self, data: dict[str, Any], **_: Any) -> None:
        """One that names nothing would take in everything."""
        if not data:
            raise ma.ValidationError("give contexts, namespaces, or both")


class PolicyFileSchema(_Strict):
    """The whole file. What it names elsewhere must be there: a name that is misspelt would match nothing, unseen."""

    risk = fields.Nested(_Risks, load_default={})
    environments = _Named(
        keys=fields.String(validate=_check_name),
        values=fields.Nested(_Environment),
        load_default={},
        validate=validate.Length(max=MOST_ENVIRONMENTS),
    )
    overrides = fields.List(fields.Nested(_Override), load_default=[], validate=validate.Length(max=MOST_OVERRIDES))
    freezes = fields.List(fields.Nested(_Freeze), load_default=[], validate=validate.Length(max=MOST_FREEZES))

    @ma.validates_schema
    def check_names(self, data: dict[str, Any], **_: Any) -> None:
        """Environments that are named are defined, and no two freezes have one name."""
        problems: dict[str, Any] = {}
        if UNKNOWN_ENVIRONMENT in data["environments"]:
            problems["environments"] = {UNKNOWN_ENVIRONMENT: ["is what no environment takes in; choose another name"]}
        known = {*data["environments"], UNKNOWN_ENVIRONMENT}
        for table in ("overrides", "freezes"):
            if found := _unknown_environments(data[table], known):
                problems[table] = found
        names = [freeze.name for freeze in data["freezes"]]
        for place, name in enumerate(names):
            if name in names[:place]:
                problems.setdefault("freezes", {}).setdefault(place, {})["name"] = ["another freeze has this name"]
        if problems:
            raise ma.ValidationError(problems)


def _unknown_environments(found: list[PolicyOverride] | list[Freeze], known: set[str]) -> dict[int, Any]:
    return {
        place: {"environments": [f"there is no environment {', '.join(missing)}"]}
        for place, one in enumerate(found)
        if (missing := [name for name in one.environments if name not in known])
    }


def environment_of(name: str, members: dict[str, Any]) -> Environment:
    """Return the record's part."""
    return Environment(name=name, **with_tuples(members))
