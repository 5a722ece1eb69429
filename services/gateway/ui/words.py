"""How values read on a page: times, durations, counts, Markdown. Filters and functions of the templates."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, request
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from shared.ids import new_request_id
from shared.ports import Clock

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_NOW_SECONDS = 10
NONE = "\N{EN DASH}"
_SHORT = 12
_SHORT_LINE = 72
# Markdown of people and machines: no HTML of its own, no images, which would tell others that somebody reads it; links
# of the usual kinds only, which markdown-it holds to.
_markdown = MarkdownIt("js-default", {"html": False, "linkify": False, "breaks": True}).disable("image")


def add_words(app: Flask, clock: Clock) -> None:
    """Let templates use these; ``clock`` says what is now."""
    filters: dict[str, Callable[..., Any]] = {
        "time": lambda moment: show_time(moment, clock.now()),
        "exact_time": show_exact_time,
        "duration": duration,
        "markdown": markdown,
        "words": words,
        "percent": percent,
        "short": short,
        "pretty": pretty,
    }
    app.jinja_env.filters.update(filters)
    app.extensions["faultline_clock"] = clock
    app.jinja_env.globals.update(request_key=request_key, here_with=here_with)


def show_time(moment: str | None, now: datetime) -> Markup:
    """Return ``moment`` (RFC 3339) as a ``<time>``: how long ago, with the exact moment beside it on hover."""
    if not moment:
        return Markup('<span class="none">{}</span>').format(NONE)
    then = datetime.fromisoformat(moment)
    text = ago((then - now).total_seconds())
    exact = then.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(moment, exact, text)


def show_exact_time(moment: str | None) -> Markup:
    """Return ``moment`` as a ``<time>`` that shows the moment itself; the page's script goes by the viewer's zone."""
    if not moment:
        return Markup('<span class="none">{}</span>').format(NONE)
    exact = datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}" data-show="exact">{}</time>').format(moment, exact)


def ago(seconds: float) -> str:
    """Return how far from now: "now", "5m ago", "in 2h". As the page's script says it."""
    size = abs(round(seconds))
    if size < _NOW_SECONDS:
        return "now"
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m"), (1, "s")):
        if size >= unit:
            text = f"{size // unit}{name}"
            break
    return f"in {text}" if seconds > 0 else f"{text} ago"


def duration(seconds: float | None) -> str:
    """Return a length of time in its two largest units: "2h 5m"; a dash for none."""
    if seconds is None:
        return NONE
    left, parts = round(seconds), []
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m"), (1, "s")):
        count, left = divmod(left, unit)
        if count:
            parts.append(f"{count}{name}")
    return " ".join(parts[:2]) or "0s"


def markdown(text: str | None) -> Markup:
    """Return Markdown as HTML that holds nothing but its own marks: HTML in it stays text."""
    return Markup(_markdown.render(text or ""))  # noqa: S704 - html is off: the renderer escapes all text.


def words(name: str | None) -> str:
    """Return a word of the API as people read it: "merged_into" is "merged into"."""
    return (name or "").replace("_", " ")


def percent(share: float | None) -> str:
    """Return a share of one in percent."""
    return NONE if share is None else f"{share * 100:.0f}%"


def short(digest: str | None) -> Markup:
    """Return the beginning of a digest or hash, with the whole of it on hover."""
    text = digest or ""
    shown = text.removeprefix("sha256:")[:_SHORT]
    return Markup('<code title="{}">{}</code>').format(text, escape(shown))


def pretty(value: Any, margin: str = "") -> str:
    """Return a value of JSON as text: on one line where that is short, else a line for each member or item."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (margin and len(line) <= _SHORT_LINE):
        return line
    inner = margin + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(name, ensure_ascii=False)}: {pretty(one, inner)}" for name, one in value.items()]
    else:
        parts = [pretty(one, inner) for one in value]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return begin + ",".join(f"\n{inner}{part}" for part in parts) + f"\n{margin}{end}"


def midnight() -> str:
    """Return when today began, in UTC, as the API takes it."""
    clock: Clock = current_app.extensions["faultline_clock"]
    return clock.now().astimezone(UTC).strftime("%Y-%m-%dT00:00:00Z")


def request_key() -> str:
    """Return a new Idempotency-Key for a form: sent twice, it is one request."""
    return new_request_id()


def here_with(**changes: Any) -> str:
    """Return the address of this page with some parameters set anew; None takes one away, ``cursor`` always goes."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in {*changes, "cursor"}]
    for name, value in changes.items():
        values = value if isinstance(value, list | tuple) else [value]
        kept.extend((name, one) for one in values if one is not None)
    query = urlencode(kept)
    return f"{request.path}?{query}" if query else request.path
