"""Read the approval policy from its file: TOML or JSON, strictly, naming everything that is wrong with it at once."""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any

import marshmallow as ma
import msgspec
from marshmallow import fields, validate

from services.gateway.domain.actions.policy import DEFAULT_RULES, ApprovalPolicy, ApprovalRule, PolicyOverride
from services.gateway.domain.records import ActionRisk, ActionType, Role
from shared.contracts.action import KubernetesVerb

MOST_APPROVALS = 10
_MOST_MINUTES = 30 * 24 * 60
_MOST_OVERRIDES = 100
_EXECUTORS = (Role.RESPONDER, Role.APPROVER, Role.ADMIN)
_APPROVERS = (Role.APPROVER, Role.ADMIN)


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


class _Role(fields.String):
    def __init__(self, roles: tuple[Role, ...]) -> None:
        super().__init__(validate=validate.OneOf([str(role) for role in roles]))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        text = super()._deserialize(value, attr, data, **options)
        return Role(text) if text in {str(role) for role in Role} else text


def _words(words: type[StrEnum]) -> fields.List[Any]:
    one = fields.String(validate=validate.OneOf([str(word) for word in words]))
    return fields.List(one, validate=validate.Length(1, 50))


def _patterns() -> fields.List[Any]:
    return fields.List(fields.String(validate=validate.Length(1, 253)), validate=validate.Length(1, 50))


class _Strict(ma.Schema):
    class Meta:
        unknown = ma.RAISE

    error_messages = {"unknown": "is not a member of this table"}

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        first, *rest = field_name.split("_")
        field_obj.data_key = first + "".join(word.capitalize() for word in rest)


class _Rule(_Strict):
    approvals = _Whole(1, MOST_APPROVALS)
    self_approval = _Flag()
    approver_role = _Role(_APPROVERS)
    executor_role = _Role(_EXECUTORS)
    approval_minutes = _Whole(1, _MOST_MINUTES)
    pending_minutes = _Whole(1, _MOST_MINUTES)
    ask_at_once = _Flag()


class _Override(_Rule):
    types = _words(ActionType)
    verbs = _words(KubernetesVerb)
    contexts = _patterns()
    namespaces = _patterns()


class _Risks(_Strict):
    low = fields.Nested(_Rule)
    medium = fields.Nested(_Rule)
    high = fields.Nested(_Rule)
    critical = fields.Nested(_Rule)


class _File(_Strict):
    risk = fields.Nested(_Risks, load_default={})
    overrides = fields.List(fields.Nested(_Override), load_default=[], validate=validate.Length(max=_MOST_OVERRIDES))


def read_approval_file(path: Path) -> ApprovalPolicy:
    """Return the policy in ``path``, over the defaults; raise ``ValueError`` with all that is wrong and where."""
    try:
        found = _File().load(_decode(path))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    except ma.ValidationError as error:
        raise ValueError(f"{path}: {'; '.join(_lines(error.messages, ''))}") from None
    except (tomllib.TOMLDecodeError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from None
    rules: dict[ActionRisk, ApprovalRule] = {
        risk: msgspec.structs.replace(rule, **found["risk"].get(str(risk), {})) for risk, rule in DEFAULT_RULES.items()
    }
    return ApprovalPolicy(risk=rules, overrides=tuple(_override(one) for one in found["overrides"]))


def _override(given: dict[str, Any]) -> PolicyOverride:
    members: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    return PolicyOverride(**members)


def _decode(path: Path) -> Any:
    content = path.read_bytes()
    if path.suffix == ".toml":
        return tomllib.loads(content.decode())
    return msgspec.json.decode(content)


def _lines(messages: Any, place: str) -> list[str]:
    if isinstance(messages, dict):
        return [
            line
            for key, inner in messages.items()
            for line in _lines(inner, place if key == "_schema" else f"{place}.{key}" if place else str(key))
        ]
    return [f"{place or 'the file'}: {' '.join(str(message) for message in messages)}"]
