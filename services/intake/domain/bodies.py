"""Decode a body into the shape its source documents, and say what is wrong where it has another."""

from typing import TypeVar

import msgspec

from services.intake.domain.errors import NotUnderstood

T = TypeVar("T")


def decode_body(decoder: msgspec.json.Decoder[T], body: str | bytes, expected: str) -> T:
    """Return the body as ``decoder`` reads it; raise ``NotUnderstood``, which names what was expected."""
    try:
        return decoder.decode(body)
    except RecursionError as error:
        raise NotUnderstood("too_deep", "the body is nested too deeply to be an alert") from error
    except msgspec.ValidationError as error:
        raise NotUnderstood("unknown_shape", f"expected {expected}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotUnderstood("not_json", f"expected {expected}; the body is not JSON: {error}") from error
