"""Read the approval policy from its file: TOML or JSON, strictly, naming everything that is wrong with it at once."""

import tomllib
from pathlib import Path
from typing import Any

import marshmallow as ma
import msgspec

from services.gateway.approval_fields import PolicyFileSchema, environment_of, with_tuples
from services.gateway.domain.actions.policy import DEFAULT_RULES, ApprovalPolicy, ApprovalRule

MOST_BYTES = 1 << 20
WHOLE_FILE = "the file"


class PolicyInvalid(ValueError):
    """This file is no approval policy; ``problems`` are places with what is wrong there, all of them."""

    def __init__(self, path: Path, problems: list[tuple[str, str]]) -> None:
        super().__init__(f"{path}: {'; '.join(f'{place}: {what}' for place, what in problems)}")
        self.problems = tuple(problems)


def read_approval_file(path: Path) -> ApprovalPolicy:
    """Return the policy in ``path``, over the defaults; raise ``PolicyInvalid`` with all that is wrong and where."""
    try:
        found = PolicyFileSchema().load(_decode(path))
    except OSError as error:
        raise PolicyInvalid(path, [(WHOLE_FILE, f"cannot be read: {error.strerror or error}")]) from None
    except ma.ValidationError as error:
        raise PolicyInvalid(path, list(_problems(error.messages, ""))) from None
    except (tomllib.TOMLDecodeError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PolicyInvalid(path, [(WHOLE_FILE, str(error))]) from None
    return ApprovalPolicy(
        risk={risk: _rule(rule, found["risk"].get(str(risk), {})) for risk, rule in DEFAULT_RULES.items()},
        environments=tuple(environment_of(name, one) for name, one in found["environments"].items()),
        overrides=tuple(found["overrides"]),
        freezes=tuple(found["freezes"]),
    )


def _rule(rule: ApprovalRule, given: dict[str, Any]) -> ApprovalRule:
    changes = with_tuples(given)
    if "approvers" in changes:
        changes["approvers"] = (changes["approvers"],)
    return msgspec.structs.replace(rule, **changes)


def _decode(path: Path) -> Any:
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ma.ValidationError(f"is larger than {MOST_BYTES} bytes")
    if path.suffix == ".toml":
        return tomllib.loads(content.decode())
    return msgspec.json.decode(content)


def _problems(messages: Any, place: str) -> list[tuple[str, str]]:
    if isinstance(messages, dict):
        return [
            problem
            for key, inner in messages.items()
            for problem in _problems(inner, place if key == "_schema" else f"{place}.{key}" if place else str(key))
        ]
    return [(place or WHOLE_FILE, " ".join(str(message) for message in messages))]
