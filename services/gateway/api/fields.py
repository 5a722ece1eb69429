"""Marshmallow fields for our input: what each accepts is also what the OpenAPI document says it accepts."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

import marshmallow as ma
from marshmallow import fields, validate

from shared.contracts.severity import Severity

# No NUL anywhere: databases and terminals end text at it.
_CLEAN = r"^[^\u0000]*$"
_CLEAN_NOT_BLANK = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"


class Text(fields.String):
    """Text without NUL, of bounded length; ``blank`` says whether it may be empty or white space only."""

    def __init__(self, *, most: int, blank: bool = True, **options: Any) -> None:
        pattern = _CLEAN if blank else _CLEAN_NOT_BLANK
        wording = "must not hold NUL characters" if blank else "must not be blank or hold NUL characters"
        rules: list[Callable[[Any], Any]] = [
            validate.Length(min=None if blank else 1, max=most),
            validate.Regexp(pattern, error=wording),
        ]
        super().__init__(validate=rules, **options)


class Flag(fields.Boolean):
    """True or false, and nothing that merely looks like it: Python takes 0 for false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise ma.ValidationError("must be true or false")
        return value


class Word(fields.String):
    """One of the words of an enum."""

    def __init__(self, words: type[StrEnum], *, also: Iterable[str] = (), **options: Any) -> None:
        self.words = words
        super().__init__(validate=validate.OneOf([*map(str, words), *also]), **options)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **options: Any) -> Any:
        """Return the member of the enum."""
        found = super().deserialize(value, attr, data, **options)
        return self.words(found) if isinstance(found, str) else found


class SeverityWord(Word):
    """A severity; ``warning``, which many sources say, is read as medium."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Severity, also=["warning"], **options)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **options: Any) -> Any:
        """Return the severity."""
        return super().deserialize("medium" if value == "warning" else value, attr, data, **options)


class Moment(fields.AwareDateTime):
    """A moment with its offset (RFC 3339), turned to UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="iso", **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> datetime:
        moment = super()._deserialize(value, attr, data, **options)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise ma.ValidationError("is not a moment between the years 1 and 9999 in UTC") from None


_MOST_WORDS = 50


class Words(fields.List[Any]):
    """A query parameter that may be repeated or hold several values separated by commas."""

    def __init__(self, inner: fields.Field[Any], *, split: bool = True, **options: Any) -> None:
        self._split = split
        super().__init__(inner, load_default=[], validate=validate.Length(max=_MOST_WORDS), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[Any]:
        if len(value) > _MOST_WORDS:
            raise ma.ValidationError(f"must not be given more than {_MOST_WORDS} times")
        parts = [part for text in value for part in (text.split(",") if self._split else [text]) if part]
        return super()._deserialize(parts, attr, data, **options)


def text_map(
    *,
    most_entries: int,
    key_length: int,
    value_length: int,
    key_pattern: str | None = None,
    blank_values: bool = True,
    **options: Any,
) -> fields.Dict:
    """Return a field for a map of short texts. ``data_key`` and the like go on to the field.

    Keys match ``key_pattern`` where one is given.
    """
    keys: fields.String = Text(most=key_length, blank=False)
    if key_pattern is not None:
        # marshmallow formats the wording: braces of the pattern are no fields of it.
        wording = f"must match {key_pattern}".replace("{", "{{").replace("}", "}}")
        keys = fields.String(validate=validate.Regexp(key_pattern.replace("$", r"\Z"), error=wording))

    def check_size(value: dict[str, str]) -> None:
        if len(value) > most_entries:
            raise ma.ValidationError(f"has more than {most_entries} entries")

    return fields.Dict(
        keys=keys,
        values=Text(most=value_length, blank=blank_values),
        validate=check_size,
        metadata={
            "maxProperties": most_entries,
            "propertyNames": {"minLength": 1, "maxLength": key_length, "pattern": key_pattern or _CLEAN_NOT_BLANK},
            **options.pop("metadata", {}),
        },
        **options,
    )


def describe_keys(_converter: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """Return what OpenAPI says of the keys of a map; apispec does not hand it on by itself."""
    names = field.metadata.get("propertyNames")
    return {"propertyNames": names} if names else {}


def schema_name(schema: Any) -> str:
    """Return the name of a schema in the OpenAPI document."""
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Shape")


def camel_case(name: str) -> str:
    """Return a Python name as it stands in JSON."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class FixedSchema(ma.Schema):
    """A schema nobody changes once it is made."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return itself. flask-smorest copies all notes of an operation for each answer: most of a gateway's start."""
        return self


class InputSchema(FixedSchema):
    """Input in camelCase; what it does not know is refused by name."""

    class Meta:
        """Refuse the unknown, and keep the order of declaration."""

        unknown = ma.RAISE

    # Whether a request without any body is read like one with ``{}``.
    may_be_absent = False
    error_messages = {"unknown": "is not a field of this request"}

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Give every field its name on the wire."""
        field_obj.data_key = field_obj.data_key or camel_case(field_name)
