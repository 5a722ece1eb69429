import pytest

from services.graph.domain.evidence.exit_codes import explain_exit


@pytest.mark.parametrize("code", range(256))
def test_every_exit_code_is_explained(code):
    assert explain_exit(code).meaning


@pytest.mark.parametrize(
    ("code", "signal"),
    [
        (130, "SIGINT"),
        (134, "SIGABRT"),
        (137, "SIGKILL"),
        (139, "SIGSEGV"),
        (141, "SIGPIPE"),
        (143, "SIGTERM"),
        (255, ""),
    ],
)
def test_codes_above_128_name_the_signal(code, signal):
    assert explain_exit(code).signal == signal


def test_a_kill_for_memory_is_told_from_other_kills():
    assert "memory than its limit" in explain_exit(137, "OOMKilled").meaning
    assert "memory than its limit" not in explain_exit(137, "Error").meaning


def test_it_reads_as_a_sentence():
    assert str(explain_exit(127)) == "exit code 127: the command or a library it needs was not found"
