"""Read Datadog's webhook as the template of ``docs/intake.md`` fills it in, or its default payload."""

from typing import Any

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

_decoder = msgspec.json.Decoder(dict[str, Any])


def normalise_datadog(reading: Reading) -> Normalised:
    """Return the signal of one notification; raise ``NotUnderstood`` with the reason.

    Identity is the first there is of alert cycle key, aggregation key, monitor id with scope; it never holds the
    words of the notification.
    """
    found = decode_body(_decoder, reading.body, _EXPECTED)
    fields = {name: text for name, value in found.items() if (text := _filled(value)) is not None}
    warnings: list[str] = []
    title = fields.get("title") or fields.get("event_title") or ""
    tags = read_tags((fields.get("tags") or "").split(","))
    host = {"host": fields["hostname"]} if "hostname" in fields else {}
    told = Told(
        source=SOURCE,
        key=_identity(fields, title, warnings),
        word=_word(fields, warnings),
        title=_bare_title(title),
        name=_bare_title(title),
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
    return None if text is None or text.startswith("$") or text == "null" else text


def _identity(fields: dict[str, str], title: str, warnings: list[str]) -> str:
    for name in ("alert_cycle_key", "aggreg_key"):
        if name in fields:
            return fields[name]
    if "alert_id" in fields:
        return f"{fields['alert_id']}/{fields.get('alert_scope', '')}"
    bare = _bare_title(title)
    if not bare:
        raise NotUnderstood("no_title", "nothing usable as a title: paste the template of docs/intake.md at Datadog")
    warn(warnings, "no alert_cycle_key, aggreg_key or alert_id: the title stands for the identity")
    return hash_of([bare])


def _bare_title(title: str) -> str:
    """Return the title without the state Datadog writes before it: ``[Triggered on {host:a}] Disk`` is ``Disk``."""
    line = one_line(title, 1_000)
    while line.startswith("[") and "] " in line:
        line = line.partition("] ")[2].lstrip()
    return line


def _word(fields: dict[str, str], warnings: list[str]) -> Word:
    transition = fields.get("alert_transition", "").lower().strip()
    bare = transition.removeprefix("re-")
    if bare in _RESOLVED:
        return Word.RESOLVED
    if bare in _FIRING:
        return Word.FIRES
    if transition:
        warn(warnings, f"unknown alert_transition {one_line(transition, 40)!r}: the alert type decides")
    is_over = fields.get("alert_type", "").lower() == "success" or fields.get("title", "").startswith("[Recovered")
    return Word.RESOLVED if is_over else Word.FIRES


def _severity_words(fields: dict[str, str]) -> list[str]:
    kind = _TYPES.get(fields.get("alert_type", "").lower())
    words = [fields.get("priority", ""), fields.get("alert_priority", ""), kind or ""]
    return [word for word in words if word and word.lower() != "normal"]
