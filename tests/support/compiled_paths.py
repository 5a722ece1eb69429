"""Compiles each path of the API once in a run of the tests, and not once a gateway: it is most of what one costs."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

_compile: Callable[..., Any] = Rule._compile_builder
_compiled: dict[tuple[Any, ...], Any] = {}


def keep_compiled_paths() -> None:
    """Let rules of the same path share the code that werkzeug makes of it; what differs between them is not in it."""

    def compile_once(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, tuple(rule._trace), append_unknown, repr(rule.defaults))
        if key not in _compiled:
            _compiled[key] = _compile(rule, append_unknown)
        return _compiled[key]

    # Only its own code asks for it: what it returns takes the rule as its first argument.
    Rule._compile_builder = compile_once  # type: ignore[method-assign,assignment]
