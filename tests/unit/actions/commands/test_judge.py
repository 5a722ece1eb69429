"""What the policy does not list may not run, however it is written; and nothing is added to what may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.actions.domain.commands.judge import judge
from services.actions.domain.commands.policy import Allowed, Refused
from tests.support.commands import a_policy

POLICY = a_policy()
PLACE = ("--context", "prod-eu", "-n", "shop-a")
C = "prod-eu"


def verdict(*argv, target=C):
    return judge(POLICY, argv, target)


@pytest.mark.parametrize(
    "argv",
    [
        ("recorder", "get", "pods", *PLACE),
        ("/nowhere/recorder", "get", "pods", *PLACE),
        ("recorder", "get", *PLACE, "pods", "a", "b"),
        ("recorder", "get", "pods/a", "--context=prod-eu", "--namespace=data"),
        ("recorder", "get", "pods", "-o", "json", *PLACE),
        ("recorder", "get", "pods", "-o=json", "--quiet", *PLACE),
        ("recorder", "get", "pods", "--watch=false", *PLACE),
        ("recorder", "get", "pods", "-l", "a=b", "--label", "c=d", *PLACE),
        ("recorder", "list", "all", "pods", *PLACE),
        ("recorder", "info", "--context", "prod-eu"),
        ("recorder", "info", "--context", "prod-eu", "--", "-a b"),
    ],
    ids=" ".join,
)
def test_what_the_policy_lists_is_allowed_exactly_as_asked(argv):
    allowed = verdict(*argv)

    assert isinstance(allowed, Allowed)
    assert allowed.argv == ("/nowhere/recorder", *argv[1:])
    assert allowed.env == ("GRANTED", "GRANTED_TOKEN", "NOT_THERE")
    assert (allowed.timeout_seconds, allowed.output_bytes) == (20, 4096)


REFUSED = {
    "nothing": ((), "command_empty"),
    "no program": (("",), "command_empty"),
    "another program": (("bash", "-c", "x"), "program_not_allowed"),
    "the program elsewhere": (("/tmp/recorder", "get", "pods", *PLACE), "program_not_allowed"),
    "the program in this folder": (("./recorder", "get", "pods", *PLACE), "program_not_allowed"),
    "the program in capitals": (("Recorder", "get", "pods", *PLACE), "program_not_allowed"),
    "another subcommand": (("recorder", "delete", "pods", *PLACE), "subcommand_not_allowed"),
    "no subcommand": (("recorder",), "subcommand_not_allowed"),
    "half of a subcommand": (("recorder", "list", "pods", *PLACE), "subcommand_not_allowed"),
    "a plugin": (("recorder", "get-x", "pods", *PLACE), "subcommand_not_allowed"),
    "a flag before the subcommand": (("recorder", "-n", "shop-a", "get", "pods"), "flag_before_subcommand"),
    "an unknown flag": (("recorder", "get", "pods", "--force", *PLACE), "flag_not_allowed"),
    "a flag of another command": (("recorder", "info", "-o", "json", "--context", C), "flag_not_allowed"),
    "kubeconfig": (("recorder", "get", "pods", "--kubeconfig=/tmp/x", *PLACE), "flag_not_allowed"),
    "token": (("recorder", "get", "pods", "--token", "x", *PLACE), "flag_not_allowed"),
    "another person": (("recorder", "get", "pods", "--as", "admin", *PLACE), "flag_not_allowed"),
    "a raw address": (("recorder", "get", "--raw", "/api", *PLACE), "flag_not_allowed"),
    "a file": (("recorder", "get", "-f", "/etc/passwd", *PLACE), "flag_not_allowed"),
    "a flag spelt with underscores": (
        ("recorder", "get", "pods", "--all_namespaces", "--context", C),
        "flag_not_allowed",
    ),
    "the beginning of a flag": (("recorder", "get", "pods", "--quie", *PLACE), "flag_not_allowed"),
    "a flag with one dash": (("recorder", "get", "pods", "-quiet", *PLACE), "flags_combined"),
    "flags in one word": (("recorder", "get", "pods", "-qA", "--context", C), "flags_combined"),
    "a flag with its value in one word": (("recorder", "get", "pods", "-ojson", *PLACE), "flags_combined"),
    "a value that is not allowed": (
        ("recorder", "get", "pods", "-o", "jsonpath-file=/x", *PLACE),
        "flag_value_not_allowed",
    ),
    "a value that begins well": (("recorder", "get", "pods", "-o", "jsonx", *PLACE), "flag_value_not_allowed"),
    "an empty value": (("recorder", "get", "pods", "--output=", *PLACE), "flag_value_not_allowed"),
    "a flag for a value": (("recorder", "get", "pods", *PLACE, "-o", "-q"), "flag_value_not_allowed"),
    "a flag for a value that might be one": (("recorder", "get", "pods", *PLACE, "-l", "-q"), "flag_value_not_allowed"),
    "a value for a switch": (("recorder", "get", "pods", "-q=false", *PLACE), "flag_value_not_allowed"),
    "no value": (("recorder", "get", "pods", *PLACE, "-o"), "flag_value_missing"),
    "a value in the next word where none is taken": (
        ("recorder", "get", "pods", "--watch", "false", *PLACE),
        "flag_value_missing",
    ),
    "a flag twice": (("recorder", "get", "pods", "-o", "json", "-o", "wide", *PLACE), "flag_repeated"),
    "a flag in two spellings": (("recorder", "get", "pods", *PLACE, "--namespace", "data"), "flag_repeated"),
    "two dashes": (("recorder", "get", *PLACE, "--", "pods"), "separator_not_allowed"),
    "two dashes, and a place after them": (("recorder", "info", "--", "--context", C), "argument_count"),
    "an argument that is not allowed": (("recorder", "get", "Pods;x", *PLACE), "argument_not_allowed"),
    "a second argument like a first": (("recorder", "get", "pods", "a/b", *PLACE), "argument_not_allowed"),
    "no argument": (("recorder", "get", *PLACE), "argument_count"),
    "too many arguments": (("recorder", "get", "a", "b", "c", "d", *PLACE), "argument_count"),
    "an empty argument": (("recorder", "get", "", *PLACE), "argument_unreadable"),
    "a NUL": (("recorder", "get", "po\x00ds", *PLACE), "argument_unreadable"),
    "a line": (("recorder", "get", "pods\n", *PLACE), "argument_unreadable"),
    "a cursor": (("recorder", "get", "\x1b[2J", *PLACE), "argument_unreadable"),
    "a look-alike": (("recorder", "get", "p\u043eds", *PLACE), "argument_unreadable"),
    "a look-alike of a flag": (("recorder", "get", "pods", "\u2212q", *PLACE), "argument_unreadable"),
    "a wide letter": (("recorder", "\uff47et", "pods", *PLACE), "argument_unreadable"),
    "half of a character": (("recorder", "get", "\ud800", *PLACE), "argument_unreadable"),
    "a long argument": (("recorder", "get", "a" * 5_000, *PLACE), "command_too_long"),
    "many arguments": (("recorder", "get", *["a"] * 70, *PLACE), "command_too_long"),
    "no context": (("recorder", "get", "pods", "-n", "shop-a"), "context_missing"),
    "another context": (
        ("recorder", "get", "pods", "--context", "prod-us", "-n", "data"),
        "context_differs_from_target",
    ),
    "no namespace": (("recorder", "get", "pods", "--context", C), "namespace_missing"),
    "another namespace": (("recorder", "get", "pods", "--context", C, "-n", "kube-system"), "namespace_not_allowed"),
    "all namespaces where some are allowed": (
        ("recorder", "get", "pods", "--context", C, "-A"),
        "namespace_not_allowed",
    ),
    "a namespace and all of them": (("recorder", "get", "pods", *PLACE, "-A"), "namespace_not_allowed"),
    "a namespace where there is none": (("recorder", "info", *PLACE), "namespace_not_allowed"),
}


@pytest.mark.parametrize(("argv", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_everything_else_is_refused_and_says_why(argv, code):
    refused = verdict(*argv)

    assert isinstance(refused, Refused), refused
    assert refused.code == code


@pytest.mark.parametrize("target", ["", "dev-eu", "prod", "xprod-eu"])
def test_a_target_that_is_not_allowed_is_refused(target):
    refused = verdict("recorder", "get", "pods", "--context", target, "-n", "data", target=target)

    assert isinstance(refused, Refused)
    assert refused.code in ("target_not_allowed", "argument_unreadable")


@pytest.mark.parametrize(
    "argv",
    [
        ("recorder", "get", "pods", "--token=hunter22", *PLACE),
        ("recorder", "get", "pods", "-phunter22", *PLACE),
        ("recorder", "get", "pods", "-ohunter22", *PLACE),
        ("recorder", "get", "pods", "-o", "hunter22", *PLACE),
        ("recorder", "get", "hunter22=", *PLACE),
        ("recorder", "hunter22"),
        ("hunter22",),
        ("recorder", "get", "pods", "--context", "hunter22", "-n", "hunter22"),
        ("recorder", "get", "pods", "--context", C, "-n", "hunter"),
    ],
    ids=" ".join,
)
def test_no_value_is_repeated_in_a_refusal(argv):
    refused = verdict(*argv)

    assert isinstance(refused, Refused)
    assert "hunter" not in refused.reason + refused.hint


KNOWN = {*["--context", "--namespace", "-n", "--output", "-o", "--watch", "-w", "--label", "-l", "--quiet", "-q", "-"]}
words = st.one_of(
    st.sampled_from(
        [
            "recorder",
            "get",
            "list",
            "all",
            "info",
            "pods",
            "a",
            "-n",
            "--namespace",
            "--context",
            C,
            "shop-a",
            "data",
            "-A",
            "-q",
            "-o",
            "json",
            "--output=json",
            "--",
            "--watch",
            "--watch=true",
            "-l",
            "a=b",
            "--context=prod-eu",
            "--namespace=data",
            "-",
            "=",
            "--=",
        ]
    ),
    st.text(max_size=12),
    st.text(alphabet="-=an;|&$`(){}<>*?~#!'\"\\\n\x00 /", max_size=8),
)


@given(
    argv=st.lists(words, max_size=12),
    begin=st.sampled_from([(), ("recorder", "get"), ("recorder", "get", "pods", *PLACE)]),
)
def test_whatever_is_allowed_is_as_it_was_asked_and_names_its_place(argv, begin):
    asked = (*begin, *argv)
    said = judge(POLICY, asked, C)

    if isinstance(said, Allowed):
        assert said.argv == ("/nowhere/recorder", *asked[1:])
        assert asked[1] in ("get", "list", "info")
        assert all(" " <= char <= "~" for word in asked for char in word)
        assert C in [word.removeprefix("--context=") for word in asked]
        flags = {word.partition("=")[0] for word in asked if word.startswith("-")}
        assert asked[1] == "info" or flags <= KNOWN
