"""Whatever a stranger writes is text in the report, and reads there as it was written."""

import re
import unicodedata
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from services.gateway.domain.report.markdown import inline, length, quote, within
from tests.support.hostile import hostile_text

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = hostile_text()


def text_of(token) -> str:
    return "".join(" " if child.type == "hardbreak" else child.content for child in token.children)


def types_of(markdown: str) -> list[str]:
    tokens = MARKDOWN.parse(markdown)
    return [token.type for token in tokens] + [c.type for t in tokens if t.type == "inline" for c in t.children]


def seen(text: str) -> str:
    """What of a text can be seen, its white space as one blank each."""
    kept = (
        c if unicodedata.category(c)[0] != "C" or c in "\u200c\u200d" else " " if c.isspace() else "\ufffd"
        for c in text
    )
    return " ".join("".join(kept).split())


@given(HOSTILE)
@example("1. x")
@example("1\\) x")
@example("\\")
@example("- - -")
@example("+ x")
@example("http://www.e.vil")
def test_any_text_is_one_piece_of_text_that_reads_as_it_was(text):
    for before, outer in (("- **Title:** ", 6), ("", 3), ("- ", 7), ("> ", 5)):
        tokens = MARKDOWN.parse(f"{before}{inline(text, 10_000)}\n")
        inlines = [token for token in tokens if token.type == "inline"]

        assert len(inlines) <= 1
        assert {c.type for t in inlines for c in t.children} <= {"text", "strong_open", "strong_close"}
        assert len(tokens) <= outer + 1
        assert all(t.type.split("_")[0] in {"bullet", "list", "paragraph", "blockquote", "inline"} for t in tokens)
        shown = "".join(text_of(token) for token in inlines)
        assert shown.removeprefix("Title:").strip() == seen(text)


@given(HOSTILE, st.integers(1, 200))
def test_a_quote_is_one_block_that_nothing_leaves(text, most):
    markdown = "\n".join(["# Before", "", *quote(text, most, "entry 7"), "", "# After", ""])
    tokens = MARKDOWN.parse(markdown)
    kinds = [token.type for token in tokens]

    assert kinds[:3] == ["heading_open", "inline", "heading_close"]
    assert kinds[-3:] == ["heading_open", "inline", "heading_close"]
    inside = kinds[3:-3]
    assert not inside or (inside[0], inside[-1]) == ("blockquote_open", "blockquote_close")
    assert set(inside[1:-1]) <= {"paragraph_open", "inline", "paragraph_close"}
    inlines = [token for token in tokens[4:-4] if token.type == "inline"]
    assert {c.type for t in inlines for c in t.children} <= {"text", "hardbreak"}
    if len(text) > most:
        assert text_of(inlines[-1]) == f"… (cut: {len(text):,} characters in all; entry 7 has the whole)"


@given(HOSTILE)
def test_a_quote_keeps_the_lines_that_were_written(text):
    tokens = [t for t in MARKDOWN.parse("\n".join(quote(text, 100_000, ""))) if t.type == "inline"]
    shown = [line for token in tokens for line in _lines(token)]

    assert shown == [line for line in map(seen, text.splitlines()) if line]


def _lines(token) -> list[str]:
    lines = [""]
    for child in token.children:
        if child.type == "hardbreak":
            lines.append("")
        else:
            lines[-1] += child.content
    return [line.strip() for line in lines]


@given(HOSTILE)
def test_no_address_of_a_stranger_becomes_a_link(text):
    # GitHub looks for addresses in what no backslash stands before.
    bare = re.sub(r"\\.", "", inline(text, 10_000).lower())

    assert "://" not in bare
    assert "www." not in bare


@pytest.mark.parametrize("text", ["Rolled back to 1.42.", "checkout (5 %), p99 = 3.1 s", "a-b/c: d + e"])
def test_everyday_text_is_left_as_it_is(text):
    assert inline(text) == text


def test_long_text_is_cut_with_a_word():
    assert inline("x" * 301) == "x" * 300 + "… (cut)"
    assert inline("x" * 300) == "x" * 300


@pytest.mark.parametrize(
    ("span", "word"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(seconds=61), "1 min 1 s"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=1, minutes=5), "1 d"),
        (timedelta(days=3, hours=4, minutes=5), "3 d 4 h"),
        (timedelta(seconds=-90), "-1 min 30 s"),
    ],
)
def test_a_length_of_time_is_said_in_its_two_largest_units(span, word):
    assert length(span) == word


def test_what_does_not_fit_is_counted_and_nothing_after_it_is_shown():
    assert within(["aa", "b" * 50, "c"], lambda text: [text], 10) == (["aa"], 2)
