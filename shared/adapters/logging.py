"""One way to log: constant sentences with fields, as JSON for machines or in colour for people, on stderr."""

import json
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor

_encode = msgspec.json.Encoder(enc_hook=repr).encode


def configure_logging(
    *, level: str = "info", log_format: str = "json", service: str, adding: Sequence[Processor] = ()
) -> None:
    """Send structlog and the standard library's loggers to stderr in one form; call once, at start.

    ``adding`` are processors that add fields to every line.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        *adding,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _service_adder(service),
    ]
    is_json = log_format == "json"
    renderer: Processor = structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer()
    last = [structlog.processors.format_exc_info, renderer] if is_json else [renderer]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        ),
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Ours go straight to the stream: by way of the standard library a line costs three times as much, and every
    # request writes one.
    structlog.configure(
        processors=[
            *(_add_name if processor is structlog.stdlib.add_logger_name else processor for processor in shared),
            *([structlog.processors.format_exc_info, _render_json] if is_json else [renderer]),
        ],
        logger_factory=lambda name="": _LineLogger(name, handler),
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        cache_logger_on_first_use=True,
    )


class _LineLogger:
    """Writes ready lines where the standard library's handler does, one at a time."""

    def __init__(self, name: str, handler: "logging.StreamHandler[TextIO]") -> None:
        self.name = name
        self._handler = handler

    def msg(self, line: str) -> None:
        """Write a line; a stream that is gone costs the line, never the work that wrote it."""
        with self._handler.lock, suppress(OSError, ValueError):  # type: ignore[union-attr]  # createLock has made it.
            self._handler.stream.write(line + "\n")
            self._handler.flush()

    log = debug = info = warn = warning = error = critical = exception = fatal = msg


def _add_name(logger: _LineLogger, _method: str, event: EventDict) -> EventDict:
    event["logger"] = logger.name
    return event


def _render_json(_logger: object, _method: str, event: EventDict) -> str:
    try:
        return _encode(event).decode()
    except (TypeError, ValueError):
        # What msgspec refuses, such as half of a surrogate pair, is written all the same.
        return json.dumps(event, default=repr)


def _service_adder(service: str) -> Processor:
    def add(_logger: object, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    return add
