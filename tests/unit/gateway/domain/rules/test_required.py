import pytest

from services.gateway.domain.rules import compile_condition


def required(text: str) -> dict[str, set[str]]:
    return {one.path: set(one.values) for one in compile_condition(text).required}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('signal.name == "a"', {"name": {"a"}}),
        ("'a' == signal.name", {"name": {"a"}}),
        ('signal.labels.team == "a" && signal.labels["a.b"] == "c"', {"labels.team": {"a"}, "labels.a.b": {"c"}}),
        ('signal.name in ["a", "b"]', {"name": {"a", "b"}}),
        ('(signal.name == "a" && (signal.service == "b")) && true', {"name": {"a"}, "service": {"b"}}),
        ('signal.name == "a" && (signal.service == "b" || true)', {"name": {"a"}}),
        ('signal.name == "a && b"', {"name": {"a && b"}}),
        ('signal.name == "a" // && signal.service == "b"', {"name": {"a"}}),
    ],
)
def test_equalities_that_must_hold(text, found):
    assert required(text) == found


@pytest.mark.parametrize(
    "text",
    [
        'signal.name == "a" || true',
        'signal.name == "a" ? true : true',
        '!(signal.name == "a")',
        'signal.name != "a"',
        'signal.name == "a" == false',
        "true == (signal.name == 'a')",
        'signal.name == "a" + ""',
        'signal.name + "" == "a"',
        r'signal.name == "\x61"',
        "signal.name == r'a'",
        "signal.name == '''a'''",
        "signal.name == b'a'",
        'signal.name in ["a", signal.title]',
        'signal.name in ["a" + "b"]',
        "signal.name in ['a'] + ['b']",
        '"a" in signal.labels',
        "signal.name == signal.title",
        '[1].exists(x, signal.name == "a")',
        '-1 < 2 && signal.labels[signal.name] == "a"',
    ],
)
def test_nothing_is_made_of_what_is_not_sure(text):
    assert required(text) == {}
