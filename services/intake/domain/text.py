"""Bound and clean what strangers send, so that it can be shown, stored and searched."""

import re
from collections.abc import Mapping

TITLE_LIMIT = 300
DESCRIPTION_LIMIT = 8_000
LINK_LIMIT = 2_000
NAME_LIMIT = 200
LABEL_COUNT_LIMIT = 64
LABEL_NAME_LIMIT = 128
LABEL_VALUE_LIMIT = 1_024
ANNOTATION_VALUE_LIMIT = 4_096

# C0 and C1 controls, and the marks that turn the direction of text around and so can make it lie.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"\s+")


def clean(text: str) -> str:
    """Return ``text`` without control characters; line breaks and tabs stay."""
    return text if text.isprintable() else _UNWANTED.sub("", text)


def one_line(text: str, limit: int) -> str:
    """Return ``text`` on one line, cleaned, at most ``limit`` characters with an ellipsis where it was cut."""
    if not text.isprintable():
        text = _SPACES.sub(" ", _UNWANTED.sub("", text))
    return cut(text.strip(), limit)


def cut(text: str, limit: int) -> str:
    """Return ``text``, or its beginning and an ellipsis if it is longer than ``limit``."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def as_text(value: object) -> str | None:
    """Return the text of a plain JSON value; None for one that is empty, null, a list or an object."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None


def http_link(*candidates: str) -> str | None:
    """Return the first candidate that is an http(s) address a browser may be sent to."""
    for candidate in candidates:
        is_http = candidate.startswith(("http://", "https://"))
        if is_http and len(candidate) <= LINK_LIMIT and candidate.isprintable() and " " not in candidate:
            return candidate
    return None


def bounded(pairs: Mapping[str, str], value_limit: int, what: str, warnings: list[str]) -> dict[str, str]:
    """Return ``pairs`` cleaned and capped in number and size; what was cut is said in ``warnings``."""
    kept: dict[str, str] = {}
    was_cut = False
    for given, value in pairs.items():
        name = given if given.isprintable() else clean(given)
        if not name:
            continue
        if len(kept) >= LABEL_COUNT_LIMIT:
            warn(warnings, f"{len(pairs) - LABEL_COUNT_LIMIT} of {len(pairs)} {what} were left out")
            break
        if len(name) > LABEL_NAME_LIMIT or len(value) > value_limit:
            was_cut = True
            name, value = cut(name, LABEL_NAME_LIMIT), cut(value, value_limit)  # noqa: PLW2901 - the cut pair is the pair.
        kept[name] = value if value.isprintable() else clean(value)
    if was_cut:
        warn(warnings, f"long {what} were cut")
    return kept


def warn(warnings: list[str], warning: str) -> None:
    """Add a warning once; a body with a thousand alerts must not say it a thousand times."""
    if len(warnings) < LABEL_COUNT_LIMIT and warning not in warnings:
        warnings.append(warning)
