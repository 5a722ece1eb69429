"""A policy that cannot be meant is refused with all that is wrong with it, each by its place."""

import re

import pytest

from services.actions.domain.commands.file import PolicyInvalid, parse_policy
from tests.support.commands import POLICY, a_policy


def problems_of(text):
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(text, "commands.toml", lambda name, path: None)
    return str(caught.value).splitlines()


def changed(old, new):
    text = POLICY.format(folder="/x")
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("version = 1", "", "the file: Object missing required field `version`"),
        ("version = 1", "version = 2", "version: Invalid enum value 2"),
        ("version = 1", "version = 1\nmore = 1", "the file: Object contains unknown field `more`"),
        ('"recorder"', "1", "0.name: Expected `str`, got `int`"),
        ("least = 1", "leats = 1", "0.0: Object contains unknown field `leats`"),
        ("[patterns]", "[patterns", "Expected ']' at the end of a table declaration (at line 5, column 10)"),
        ("'{name}(/", "'{nam}(/", "0.0.first: there is no pattern named nam"),
        ("rest = '", "rest = '(", "0.0.rest: is no pattern: missing ), unterminated"),
        ("name = '[a-z]", "name = '{x}[a-z]", "patterns.name: there is no pattern named x"),
        ('"recorder"', '"../recorder"', "0.name: must be the plain name of a program"),
        ('name = "recorder"', 'name = "r"\npath = "bin/r"', "0.path: must be absolute"),
        ('["/x"]'.replace('"', "'"), "['x']", "search_path[0]: must be an absolute folder"),
        ('"NOT_THERE"', '"LD_PRELOAD"', "0.env[2]: 'LD_PRELOAD' is no variable that may be granted"),
        ('"NOT_THERE"', '"FAULTLINE_DOOR_KEY"', "0.env[2]: 'FAULTLINE_DOOR_KEY' is no variable"),
        ('"NOT_THERE"', '"PATH"', "0.env[2]: 'PATH' is no variable"),
        ("timeout_seconds = 20", "timeout_seconds = 0", "0.timeout_seconds: must be 1 to 3600"),
        ("output_bytes = 4096", "output_bytes = 1", "0.output_bytes: must be 1024 to 4194304"),
        ('"--quiet", "-q"', '"--quiet", "quiet"', "0.0.flags[3].names: 'quiet' must be"),
        ('"--quiet", "-q"', '"--quiet", "-l"', "0.0.flags[3].names: -l is listed before"),
        ('"--quiet", "-q"', '"-n"', "0.0.flags[3]: the program has that flag"),
        ("most = 3", "most = 0", "0.0: least and most must be 0 to 60"),
        ("rest = '{name}'", "", "0.0: takes arguments without saying which"),
        ('context_flag = "--context"', 'context_flag = "--ctx"', "0.context_flag: must be one of"),
        ('namespace_flag = "--namespace"', "", "0.namespaces: needs namespace_flag"),
        ('["shop-*", "data"]', "[]", "0.0: needs namespaces"),
        ('["prod-*"]', "[]", "0.contexts: names none"),
        ("'--all-namespaces'".replace("'", '"') + "\n", '"-A"\n', "0.everywhere_flag: must be the first"),
        ('words = ["info"]', 'words = ["--info"]', "0.1.words[0]: must be words"),
        ('words = ["info"]', "words = []", "0.1.words: lists none"),
        ("separator = true", "secrets = true", "0.1.secrets: is for kubectl alone"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(old, new, problem):
    problems = problems_of(changed(old, new))

    # 0 is the first program, 0.1 its second command.
    place = re.sub(r"^0\.(\d)", r"programs[0].commands[\1]", problem)
    place = re.sub(r"^0", "programs[0]", place)
    assert any(line.startswith(f"commands.toml: {place}") for line in problems), problems


def test_all_that_is_wrong_is_named_at_once():
    text = changed("timeout_seconds = 20", "timeout_seconds = 0").replace('"NOT_THERE"', '"HOME"')

    assert len(problems_of(text)) == 2


def test_a_program_is_listed_once():
    text = POLICY.format(folder="/x")

    assert "commands.toml: programs[1].name: recorder is listed before; put its commands there" in problems_of(
        text + text[text.index("[[programs]]") :]
    )


@pytest.mark.parametrize("text", ["", "[" * 100_000, "x = " + "[" * 3_000, "\x00", "a" * (1 << 21)], ids=range(5))
def test_what_is_no_policy_at_all_is_refused(text):
    assert problems_of(text)


def test_a_program_that_is_not_there_is_known_and_has_no_path():
    policy = parse_policy(POLICY.format(folder="/x"), "commands.toml", lambda name, path: None)

    assert policy.programs["recorder"].path is None
    assert a_policy().programs["recorder"].path == "/nowhere/recorder"
