"""Decide whether a command may run: what the policy does not list may not."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from services.actions.domain.commands.kinds import names_secrets
from services.actions.domain.commands.policy import (
    Allowed,
    CommandPolicy,
    CommandRule,
    NamespaceRule,
    Program,
    Refusal,
    RefusalCode,
    Refused,
)
from services.actions.domain.commands.words import Parts, check_words, take_apart

_C = RefusalCode


def judge(policy: CommandPolicy, argv: Sequence[str], target: str) -> Allowed | Refused:
    """Return the command ready to run, or why it may not run at ``target``. Nothing is added to what was asked."""
    try:
        check_words(argv)
        program = _find_program(policy, argv[0])
        rule = _find_rule(program, argv, target)
    except Refusal as refusal:
        return refusal.said
    return Allowed(
        argv=(program.path or program.name, *argv[1:]),
        env=program.env,
        search_path=policy.search_path,
        timeout_seconds=rule.timeout_seconds,
        output_bytes=rule.output_bytes,
        resources=policy.resources,
    )


def _find_program(policy: CommandPolicy, word: str) -> Program:
    program = next((one for one in policy.programs.values() if word in (one.name, one.path)), None)
    if program is None:
        raise Refusal(_C.UNKNOWN_PROGRAM, "argv[0] is no program that is allowed", _say(policy.programs))
    if program.path is None:
        raise Refusal(_C.MISSING_PROGRAM, f"{program.name} is not installed where the worker runs")
    return program


def _find_rule(program: Program, argv: Sequence[str], target: str) -> CommandRule:
    """Return the first rule that allows it; where none does, what stands against the first that is about it."""
    first: Refusal | None = None
    for rule in program.rules:
        words = _words_of(rule, argv)
        if words is None:
            continue
        try:
            parts = take_apart(argv, 1 + len(words), rule.flags, takes_separator=rule.takes_separator)
            _check_arguments(program, rule, parts)
            _check_place(program, rule, parts, target)
        except Refusal as refusal:
            first = first or refusal
        else:
            return rule
    raise first or _unknown_subcommand(program, argv)


def _words_of(rule: CommandRule, argv: Sequence[str]) -> tuple[str, ...] | None:
    # The longest first: `get` must not take `get all` for an argument where both are listed.
    spellings = sorted(rule.words, key=len, reverse=True)
    return next((words for words in spellings if tuple(argv[1 : 1 + len(words)]) == words), None)


def _unknown_subcommand(program: Program, argv: Sequence[str]) -> Refusal:
    if len(argv) > 1 and argv[1].startswith("-"):
        return Refusal(_C.FLAG_FIRST, "argv[1] is a flag", "The subcommand comes first, then its flags.")
    spelt = (" ".join(words) for rule in program.rules for words in rule.words)
    return Refusal(_C.UNKNOWN_SUBCOMMAND, "argv[1] begins no subcommand that is allowed", _say(spelt))


def _check_arguments(program: Program, rule: CommandRule, parts: Parts) -> None:
    if program.is_kubectl and not rule.secrets:
        place = next((place for place, argument in parts.arguments if names_secrets(argument)), None)
        if place is not None:
            hint = "Nobody needs to see a Secret to know that it is there: `kubectl auth can-i`, or ask its owner."
            raise Refusal(_C.SECRETS, f"argv[{place}] names Secrets", hint)
    count = len(parts.arguments)
    if not rule.least <= count <= rule.most:
        raise Refusal(_C.ARGUMENT_COUNT, f"has {count} arguments; {rule.least} to {rule.most} are allowed")
    for number, (place, argument) in enumerate(parts.arguments):
        pattern = rule.rest if number else rule.first
        if pattern is None or not pattern.fullmatch(argument):
            raise Refusal(_C.ARGUMENT, f"argv[{place}] is not an argument that is allowed here")


def _check_place(program: Program, rule: CommandRule, parts: Parts, target: str) -> None:
    if not any(fnmatchcase(target, pattern) for pattern in rule.contexts):
        raise Refusal(_C.TARGET, "the target is none that is allowed", _say(rule.contexts))
    if program.context_flags:
        context = _given(parts, program.context_flags)
        if context is None:
            hint = f"Add {program.context_flags[0]} with the target: nothing takes a default context."
            raise Refusal(_C.CONTEXT_MISSING, "names no context", hint)
        if context != target:
            raise Refusal(_C.CONTEXT_DIFFERS, "names another context than the target")
    if program.namespace_flags and rule.namespace is NamespaceRule.REQUIRED:
        _check_namespace(program, rule, parts)
    elif any(flag in parts.flags for flag in (*program.namespace_flags, *program.everywhere_flags)):
        raise Refusal(_C.NAMESPACE, "names a namespace, and what it asks for has none")


def _check_namespace(program: Program, rule: CommandRule, parts: Parts) -> None:
    namespace = _given(parts, program.namespace_flags)
    is_everywhere = any(flag in parts.flags for flag in program.everywhere_flags)
    if is_everywhere:
        if namespace is not None:
            raise Refusal(_C.NAMESPACE, "names a namespace, and all of them")
        if "*" not in rule.namespaces:
            raise Refusal(_C.NAMESPACE, "asks for all namespaces", _say(rule.namespaces))
        return
    if namespace is None:
        hint = f"Add {program.namespace_flags[0]}: nothing takes a default namespace."
        raise Refusal(_C.NAMESPACE_MISSING, "names no namespace", hint)
    if not any(fnmatchcase(namespace, pattern) for pattern in rule.namespaces):
        raise Refusal(_C.NAMESPACE, "the namespace is none that is allowed", _say(rule.namespaces))


def _given(parts: Parts, flags: Sequence[str]) -> str | None:
    return next((value for flag in flags for value in parts.flags.get(flag, ())), None)


def _say(names: Iterable[str]) -> str:
    return f"Allowed are: {', '.join(dict.fromkeys(names))}."
