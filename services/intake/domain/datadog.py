"""Read Datadog's webhook as the template of ``docs/intake.md`` fills it in, or its default payload."""

import re
from typing import Any, NamedTuple

import msgspec

from services.intake.domain.bodies import decode_body
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.identity import hash_of
from services.intake.domain.keyed import Told, Word, make_signal, read_tags
from services.intake.domain.normalised import Normalised
from services.intake.domain.reading import Reading
from services.intake.domain.severity import first_severity
from services.intake.domain.text import as_text, one_line, warn

SOURCE = "datadog"
_EXPECTED = "the filled-in template of Datadog's webhook, a JSON object"
# https://docs.datadoghq.com/integrations/webhooks/#usage: $ALERT_TRANSITION, lower case, without "re-".
_FIRING = frozenset({"triggered", "warn", "no data", "renotify", "alert"})
_RESOLVED = frozenset({"recovered", "warn recovered", "no data recovered", "ok"})
_TYPES = {"error": "high", "warning": "medium", "info": "info", "success": "info"}

# What Datadog writes before the name of a monitor, in one bracket or two: ``[P2] [Re-Triggered on {host:a}]``.
_STATES = "triggered|warn recovered|no data recovered|recovered|warn|no data|renotify|alert|ok"
_MARK = re.compile(rf"\[(?:P[1-5]|TEST|(?:re-)?(?P<state>{_STATES})(?: on (?P<scope>[^\]]*))?)\]\s+", re.IGNORECASE)
# A variable Datadog does not know stays as it is written.
_VARIABLE = re.compile(r"\$[A-Z_]+(?:\[[^\]]*\])?")

_decoder = msgspec.json.Decoder(dict[str, Any])


class _Title(NamedTuple):
    bare: str
    state: str
    scope: str


def normalise_datadog(reading: Reading) -> Normalised:
    """Return the signal of one notification; raise ``NotUnderstood`` with the reason.

    Identity is the first there is of alert cycle key, aggregation key, monitor id with scope; it never holds the
    words of the notification.
    """
    found = decode_body(_decoder, reading.body, _EXPECTED)
    fields = {name: text for name, value in found.items() if (text := _filled(value)) is not None}
    warnings: list[str] = []
    title = _read_title(fields.get("title") or fields.get("event_title") or "")
    tags = read_tags((fields.get("tags") or "").split(","))
    host = {"host": fields["hostname"]} if "hostname" in fields else {}
    told = Told(
        source=SOURCE,
        key=_identity(fields, title, warnings),
        word=_word(fields, title, warnings),
        title=title.bare,
        name=title.bare,
        description=fields.get("body") or fields.get("event_msg") or "",
        severity=first_severity(_severity_words(fields), warnings),
        labels={**host, **tags, **({"scope": fields["alert_scope"]} if "alert_scope" in fields else {})},
        annotations={name: fields[name] for name in ("alert_transition", "alert_id", "event_type") if name in fields},
        links=(fields.get("link", ""),),
        groups_by_key=False,
    )
    return Normalised((make_signal(told, reading.received_at, warnings),), tuple(warnings))


def _filled(value: object) -> str | None:
    """Return the text of a field; None for one that is empty or whose variable Datadog left as it stood."""
    text = as_text(value)
    return None if text is None or _VARIABLE.fullmatch(text) or text == "null" else text


def _identity(fields: dict[str, str], title: _Title, warnings: list[str]) -> str:
    for name in ("alert_cycle_key", "aggreg_key"):
        if name in fields:
            return fields[name]
    if "alert_id" in fields:
        return f"{fields['alert_id']}/{fields.get('alert_scope', '')}"
    if not title.bare:
        raise NotUnderstood("no_title", "nothing usable as a title: paste the template of docs/intake.md at Datadog")
    warn(warnings, "no alert_cycle_key, aggreg_key or alert_id: the title stands for the identity")
    return hash_of([title.bare, title.scope])


def _read_title(text: str) -> _Title:
    """Return what ``[Triggered on {host:a}] Disk`` says: ``Disk``, ``triggered`` and ``{host:a}``."""
    bare, state, scope = one_line(text, 1_000), "", ""
    while mark := _MARK.match(bare):
        bare = bare[mark.end() :]
        state, scope = state or (mark["state"] or "").lower(), scope or mark["scope"] or ""
    return _Title(bare, state, scope)


def _word(fields: dict[str, str], title: _Title, warnings: list[str]) -> Word:
    transition = fields.get("alert_transition", "").lower().strip()
    bare = transition.removeprefix("re-")
    if bare in _RESOLVED:
        return Word.RESOLVED
    if bare in _FIRING:
        return Word.FIRES
    if transition:
        warn(warnings, f"unknown alert_transition {one_line(transition, 40)!r}: the alert type decides")
    is_over = fields.get("alert_type", "").lower() == "success" or title.state in _RESOLVED
    return Word.RESOLVED if is_over else Word.FIRES


def _severity_words(fields: dict[str, str]) -> list[str]:
    kind = _TYPES.get(fields.get("alert_type", "").lower())
    # The priority of an event is normal or low, however grave its monitor says it is.
    words = [fields.get("alert_priority", ""), fields.get("priority", ""), kind or ""]
    return [word for word in words if word and word.lower() != "normal"]
