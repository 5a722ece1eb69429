"""Read Opsgenie's Alert API (create, acknowledge, close) and what its outgoing webhook sends."""

from typing import Any

import msgspec

from services.intake.domain.bodies import decode_body
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.identity import make_fingerprint
from services.intake.domain.keyed import (
    Told,
    Word,
    brief_signal,
    make_signal,
    plain_and_nested,
    read_tags,
    usable_key,
)
from services.intake.domain.normalised import Normalised
from services.intake.domain.reading import Reading
from services.intake.domain.severity import first_severity
from services.intake.domain.text import as_text, one_line
from shared.contracts.signal import NormalisedSignal

SOURCE = "opsgenie"
# https://docs.opsgenie.com/docs/alert-api#create-alert
KEY_LIMIT = 512
_WORDS = {
    "create": Word.FIRES,
    "acknowledge": Word.ACKNOWLEDGED,
    "close": Word.RESOLVED,
    "delete": Word.RESOLVED,
}
_EXPECTED = 'an alert to create, a JSON object with a "message"'
_EXPECTED_HOOK = 'what Opsgenie\'s webhook sends, a JSON object with "action" and "alert"'


class _Alert(msgspec.Struct, rename="camel", frozen=True):
    message: str = ""
    alias: str | None = None
    alert_id: str | None = None
    description: str | None = None
    tags: Any = None
    details: Any = None
    entity: str | None = None
    priority: str | None = None
    source: str | None = None


class _Hook(msgspec.Struct, frozen=True):
    action: str
    alert: _Alert


_alert_decoder = msgspec.json.Decoder(_Alert)
_hook_decoder = msgspec.json.Decoder(_Hook)


def normalise_opsgenie(reading: Reading) -> Normalised:
    """Return the signal of one request; raise ``NotUnderstood`` with the reason.

    ``context`` holds the ``action`` its address named, with ``identifier`` and ``identifier_type`` where it named an
    alert; without one it is what Opsgenie's own webhook sends.
    """
    action = reading.context.get("action")
    if action is None:
        return _hooked(reading)
    word = _word(action)
    if word is Word.FIRES:
        alert = decode_body(_alert_decoder, reading.body, _EXPECTED)
        return _created(alert, alert.alias or reading.context.get("identifier"), reading)
    return Normalised((_brief(word, reading.context, reading),))


def _hooked(reading: Reading) -> Normalised:
    hook = decode_body(_hook_decoder, reading.body, _EXPECTED_HOOK)
    word = _word(hook.action.lower())
    key = hook.alert.alias or hook.alert.alert_id
    if word is Word.FIRES:
        return _created(hook.alert, key, reading)
    fingerprint = make_fingerprint(SOURCE, usable_key(key, KEY_LIMIT, "an alias or alertId"))
    return Normalised((brief_signal(SOURCE, fingerprint, word, reading.received_at),))


def _word(action: str) -> Word:
    word = _WORDS.get(action)
    if word is None:
        known = ", ".join(_WORDS)
        raise NotUnderstood("unsupported_action", f"the action is {one_line(repr(action), 40)}, not one of {known}")
    return word


def _created(alert: _Alert, key: str | None, reading: Reading) -> Normalised:
    if not alert.message.strip():
        raise NotUnderstood("no_title", 'an alert needs a "message"')
    warnings: list[str] = []
    plain, nested = plain_and_nested(alert.details)
    tags = read_tags(alert.tags if isinstance(alert.tags, list) else ())
    named = {"entity": alert.entity, "source": alert.source}
    told = Told(
        source=SOURCE,
        key=usable_key(key, KEY_LIMIT, "an alias"),
        title=alert.message,
        description=alert.description or "",
        severity=first_severity([alert.priority] if alert.priority else [], warnings),
        labels={name: value for name, value in named.items() if value} | tags | plain,
        annotations=nested,
        service=as_text(plain.get("service")) or tags.get("service") or alert.entity,
    )
    return Normalised((make_signal(told, reading.received_at, warnings),), tuple(warnings))


def _brief(word: Word, context: Any, reading: Reading) -> NormalisedSignal:  # noqa: ANN401 - a map of texts.
    identifier = usable_key(context.get("identifier"), KEY_LIMIT + len(SOURCE) + 1, "the alert's identifier")
    if context.get("identifier_type") == "id":
        # The id of an alert is the fingerprint it has here; that is what creating it answered.
        identifier = usable_key(identifier.removeprefix(f"{SOURCE}:"), KEY_LIMIT, "the alert's identifier")
    return brief_signal(SOURCE, make_fingerprint(SOURCE, identifier), word, reading.received_at)
