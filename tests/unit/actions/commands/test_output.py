"""Of an output is kept what can be read and proven: redacted, its ends, its length and digest."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.actions.domain.commands.output import Output


def keep(content, most_bytes=1_000, cuts=(), secrets=()):
    output = Output(most_bytes, secrets)
    bounds = [0, *sorted(cuts), len(content)]
    shown = "".join(output.take(content[first:last]) for first, last in pairwise(bounds))
    shown += output.finish()
    return output.kept(), shown


def test_a_short_output_is_kept_as_it_is():
    kept, shown = keep("héllo\n\tpassword=hunter22\n".encode())

    assert kept.text == shown == "héllo\n\tpassword=[redacted]\n"
    assert (kept.is_truncated, kept.redacted, kept.length) == (False, 1, len(kept.text.encode()))
    assert kept.digest == hashlib.sha256(kept.text.encode()).hexdigest()


def test_of_a_long_output_both_ends_are_kept_and_all_is_counted():
    kept, shown = keep(b"".join(b"line %05d\n" % number for number in range(1_000)), most_bytes=110)

    first, middle, last = kept.text.partition(f"\n[… {kept.length - 110} bytes left out …]\n")
    assert middle
    assert first == shown[:55]
    assert last == shown[-55:]
    assert (kept.is_truncated, kept.length) == (True, 11_000)
    assert kept.digest == hashlib.sha256(shown.encode()).hexdigest()


@pytest.mark.parametrize("size", [999, 1_000, 1_001])
def test_the_cap_is_exact(size):
    kept, _ = keep(b"x" * size)

    assert kept.is_truncated == (size > 1_000)


def test_a_cut_through_a_character_leaves_no_half_of_it():
    kept, _ = keep("ä€𝄞".encode() * 1_000, most_bytes=1_001)

    assert "\ufffd" not in kept.text


@given(content=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=6))
def test_no_cut_of_any_bytes_makes_a_difference(content, cuts):
    assert keep(content, 100, [min(cut, len(content)) for cut in cuts]) == keep(content, 100)


def test_what_moves_a_cursor_or_turns_text_is_made_visible():
    kept, _ = keep("a\x00b\x1b[2Jc\rd\u202ee\x9bf\x7f".encode())

    assert kept.text == "a\u2400b\u241b[2Jc\u240dd\ufffde\ufffdf\u2421"


def test_bytes_that_are_no_text_are_shown_as_such():
    kept, _ = keep(b"a\xff\xfeb")

    assert kept.text == "a\ufffd\ufffdb"


def test_a_granted_secret_is_taken_out():
    kept, _ = keep(b"it is swordfish.", secrets=["swordfish"])

    assert kept.text == "it is [redacted]."
