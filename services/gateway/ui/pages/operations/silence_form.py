"""What a person enters to set a silence or a maintenance window, as the API takes it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from services.gateway.ui.pages.operations.frame import unreadable
from services.gateway.ui.pages.operations.moments import local_moment, zone_of
from services.gateway.ui.pages.operations.typed_values import read_labels, read_values

T = TypeVar("T")

FIELDS = ("names", "services", "namespaces", "clusters", "sources")
LASTS = ((30, "30 minutes"), (60, "1 hour"), (120, "2 hours"), (240, "4 hours"), (480, "8 hours"), (1440, "1 day"))
REPEATS = (("", "Never"), ("FREQ=DAILY", "Every day"), ("FREQ=WEEKLY", "Every week"), ("FREQ=MONTHLY", "Every month"))
PLANNED = "maintenance_window"


def silence_of(form: Mapping[str, str], severities: list[str], now: datetime) -> dict[str, Any]:
    """Return the silence of the form; raises ``ApiRefused`` for what cannot be read.

    Times are on the clocks of the form's ``timezone``. Without an end it lasts as long as ``lasts`` says.
    """
    zone = zone_of(form.get("timezone", ""))
    starts_at = local_moment(form.get("startsAt", ""), zone, "startsAt")
    silence: dict[str, Any] = {
        "kind": form.get("kind", "silence"),
        "comment": form.get("comment", "").strip(),
        "match": _match(form, severities),
        "when": form.get("when", "").strip(),
        "endsAt": local_moment(form.get("endsAt", ""), zone, "endsAt") or _after(starts_at, form, now),
        "timezone": zone.key,
    }
    if starts_at:
        silence["startsAt"] = starts_at
    if silence["kind"] == PLANNED and (repeat := form.get("repeatRule", "").strip() or form.get("repeat", "")):
        silence["repeat"] = repeat
    return silence


def _match(form: Mapping[str, str], severities: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: values for name in FIELDS if (values := _read(form, name, read_values))}
    if severities:
        found["severities"] = severities
    if labels := _read(form, "labels", read_labels):
        found["labels"] = labels
    return found


def _read(form: Mapping[str, str], name: str, how: Callable[[str], T]) -> T:
    try:
        return how(form.get(name, ""))
    except ValueError as error:
        raise unreadable("A field cannot be read.", {name: [str(error)]}) from None


def _after(starts_at: str | None, form: Mapping[str, str], now: datetime) -> str:
    text = form.get("lasts", "")
    begin = datetime.fromisoformat(starts_at) if starts_at else now.astimezone(UTC)
    try:
        # The longest choice is the most, so no number has more digits.
        lasts = int(text[: len(str(LASTS[-1][0])) + 1])
        if 0 <= lasts <= LASTS[-1][0]:
            return (begin + timedelta(minutes=lasts)).isoformat()
    except (ValueError, OverflowError):
        pass
    raise unreadable("It needs an end.", {"endsAt": ["say when it ends, or how long it lasts"]})
