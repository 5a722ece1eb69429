"""From what was approved to what came of it: only what the policy allows runs, as asked, and no secret is kept."""

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.actions.adapters.child import WardedChild
from services.actions.domain.commands.judge import judge
from services.actions.domain.commands.policy import Allowed
from services.actions.handlers.run_command import run_command
from shared.contracts.action import CommandPayload
from shared.contracts.command import CommandEnd, decode_command_outcome, encode_command_outcome
from tests.support.commands import a_policy, a_recorder, write_program
from tests.support.secret_samples import SECRETS

PLACE = ("--context", "prod-eu", "-n", "shop-a")
# Any printable argument may be given, so that it is the lack of a shell that is tried.
ANYTHING = """
version = 1
search_path = [{folder!r}]
[[programs]]
name = "recorder"
contexts = ["*"]
[[programs.commands]]
words = ["say"]
first = '.+'
rest = '.+'
most = 20
separator = true
"""


def run(policy, *argv, environ=None, on_progress=lambda text: None, is_cancelled=lambda: False, target="prod-eu"):
    child = WardedChild(environ or {}, grace_seconds=0.3)
    return run_command(policy, CommandPayload(argv=argv, target=target), child, on_progress, is_cancelled)


@pytest.fixture
def recorder(tmp_path):
    return a_recorder(tmp_path)


def test_what_is_allowed_runs_exactly_as_asked_with_what_is_granted(tmp_path, recorder):
    environ = {"GRANTED": "yes", "GRANTED_TOKEN": "swordfish", "OTHER": "no", "PATH": "/evil"}

    outcome = run(a_policy(str(tmp_path)), "recorder", "get", "pods", "-o", "json", *PLACE, environ=environ)

    (call,) = recorder.calls()
    assert call["argv"] == ["get", "pods", "-o", "json", *PLACE]
    assert call["env"].pop("HOME") == call["folder"]
    assert call["env"] == {"GRANTED": "yes", "GRANTED_TOKEN": "swordfish", "LANG": "C.UTF-8", "PATH": str(tmp_path)}
    assert outcome.succeeded
    assert (outcome.ended_by, outcome.exit_code, outcome.output, outcome.truncated) == (CommandEnd.EXITED, 0, "", False)
    assert decode_command_outcome(encode_command_outcome(outcome)) == outcome


@pytest.mark.parametrize(
    "argv",
    [
        ("recorder", "delete", "pods", *PLACE),
        ("recorder", "get", "pods", "-n", "shop-a"),
        ("recorder", "get", "pods", *PLACE, "--token=x"),
        ("/bin/sh", "-c", "recorder get pods"),
        ("recorder", "get", "pods;id", *PLACE),
    ],
    ids=" ".join,
)
def test_what_is_not_allowed_never_runs(tmp_path, recorder, argv):
    outcome = run(a_policy(str(tmp_path)), *argv)

    assert outcome.ended_by is CommandEnd.REFUSED
    assert outcome.code
    assert outcome.reason
    assert not outcome.succeeded
    assert recorder.calls() == []


class NeverAsked:
    """A child that no test may reach."""

    def run(self, allowed, on_output, is_cancelled):
        raise AssertionError("it was run")


def test_what_was_cancelled_before_never_runs(tmp_path, recorder):
    asked = CommandPayload(argv=("recorder", "get", "pods", *PLACE), target="prod-eu")

    outcome = run_command(a_policy(str(tmp_path)), asked, NeverAsked(), print, lambda: True)

    assert outcome.ended_by is CommandEnd.CANCELLED
    assert not outcome.succeeded


def test_a_program_that_went_away_says_so(tmp_path, recorder):
    policy = a_policy(str(tmp_path))
    recorder.path.unlink()

    outcome = run(policy, "recorder", "get", "pods", *PLACE)

    assert (outcome.ended_by, outcome.code) == (CommandEnd.NOT_STARTED, "not_started")


words = st.one_of(
    st.sampled_from(
        [
            "recorder",
            "say",
            "--",
            "$(id)",
            "`id`",
            ";",
            "&&",
            "|",
            ">",
            "x>y",
            "*",
            "~",
            "$HOME",
            "\\",
            "'",
            '"',
            "{a,b}",
            "#",
            " ",
        ]
    ),
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40),
    st.text(max_size=10),
    st.sampled_from(["\n", "a\x00b", "\u202e", "x" * 5_000]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rest=st.lists(words, max_size=6), begin=st.sampled_from([("recorder", "say"), ()]))
def test_nothing_outside_of_the_policy_ever_runs_and_what_runs_is_byte_for_byte(tmp_path, recorder, rest, begin):
    policy = a_policy(str(tmp_path), ANYTHING)
    argv = (*begin, *rest)
    before = len(recorder.calls())

    outcome = run(policy, *argv)

    calls = recorder.calls()[before:]
    if isinstance(judge(policy, argv, "prod-eu"), Allowed):
        assert [call["argv"] for call in calls] == [list(argv[1:])]
        assert outcome.succeeded
    else:
        assert calls == []
        assert outcome.ended_by is CommandEnd.REFUSED


SPILL = """
import sys, time
text = {text!r}.encode()
out = sys.stdout.buffer
at, step = 0, 1
while at < len(text):
    out.write(text[at:at + step])
    out.flush()
    at, step = at + step, step % 97 + 13
sys.stderr.buffer.write(text)
"""


def test_no_secret_is_in_what_is_kept_shown_or_logged(tmp_path, capfd):
    text = "\n".join(text for text, _ in SECRETS.values()) + "\n"
    write_program(tmp_path, "recorder", SPILL.format(text=text))
    policy = a_policy(str(tmp_path), ANYTHING.replace('contexts = ["*"]', 'contexts = ["*"]\noutput_bytes = 1_000_000'))
    shown = []

    with structlog.testing.capture_logs() as logs:
        outcome = run(policy, "recorder", "say", on_progress=shown.append)

    assert outcome.succeeded, outcome
    assert len(SECRETS) >= 12
    kept = encode_command_outcome(outcome).decode() + outcome.output
    printed = "".join(capfd.readouterr())
    for name, (_, gone) in SECRETS.items():
        for part in gone:
            assert part not in kept, name
            assert part not in "".join(shown), name
            assert part not in f"{logs}{printed}", name
    assert outcome.redacted >= 2 * len(SECRETS)
    assert [log["event"] for log in logs] == ["command ended"]


def test_a_secret_that_was_granted_is_not_kept(tmp_path):
    write_program(tmp_path, "recorder", "import os; print('it is', os.environ['GRANTED_TOKEN'], os.environ['GRANTED'])")

    outcome = run(
        a_policy(str(tmp_path)),
        "recorder",
        "get",
        "pods",
        *PLACE,
        environ={"GRANTED_TOKEN": "swordfish", "GRANTED": "yes"},
    )

    assert outcome.output == "it is [redacted] yes\n"


def test_neither_the_command_nor_its_output_is_logged(tmp_path, recorder, capfd):
    write_program(tmp_path, "recorder", "print('output')")
    policy = a_policy(str(tmp_path))

    with structlog.testing.capture_logs() as logs:
        run(policy, "recorder", "get", "podname", *PLACE)
        run(policy, "recorder", "get", "podname", "--token=hunter22", *PLACE)

    said = f"{logs}{capfd.readouterr()}"
    assert "command refused" in said
    assert "podname" not in said
    assert "hunter22" not in said
    assert "output'" not in said


def test_a_long_output_is_cut_in_the_middle_and_says_so(tmp_path):
    write_program(tmp_path, "recorder", "for n in range(100_000): print('line', n)")

    outcome = run(a_policy(str(tmp_path)), "recorder", "get", "pods", *PLACE)

    assert outcome.truncated
    assert outcome.output.startswith("line 0\nline 1\n")
    assert outcome.output.endswith("line 99998\nline 99999\n")
    assert len(outcome.output.encode()) <= 4_096 + 60
    assert outcome.length == sum(len(f"line {n}\n") for n in range(100_000))


def test_no_shell_reads_the_arguments(tmp_path, recorder):
    marker = tmp_path / "marker"

    run(
        a_policy(str(tmp_path), ANYTHING),
        "recorder",
        "say",
        f"; touch {marker}",
        f"$(touch {marker})",
        f"`touch {marker}`",
    )

    assert len(recorder.calls()) == 1
    assert not marker.exists()
