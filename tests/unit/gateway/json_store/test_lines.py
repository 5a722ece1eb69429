from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.adapters.json_store.lines import LineDamaged, read_line, write_line

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEYS = st.tuples(st.sampled_from(["incident", "delivery_key"]), st.text(st.characters(exclude_categories=["Cs"])))
BODIES = st.none() | st.just(b'{"a":"\\t"}') | st.just(b"{}")


@given(changes=st.lists(st.tuples(KEYS, BODIES), min_size=1, max_size=5), start=st.integers(0, 1 << 40))
def test_a_line_is_read_back_as_it_was_written_and_each_body_stands_where_it_says(changes, start):
    raw, offsets = write_line(7, AT, changes, start)
    line = read_line(raw[:-1], start)

    assert raw.count(b"\n") == 1
    assert (line.seq, line.at, line.group, line.end) == (7, AT, start, start + len(raw))
    assert [(entry.key, entry.body) for entry in line.entries] == changes
    assert [entry.offset for entry in line.entries] == [start + offset for offset in offsets]
    for (_, body), offset in zip(changes, offsets, strict=True):
        assert raw[offset:].startswith(b"-" if body is None else body)


@given(position=st.integers(0, 50), bit=st.integers(0, 7))
def test_any_flipped_bit_is_noticed(position, bit):
    raw, _ = write_line(1, AT, [(("incident", "inc_1"), b'{"number":1,"title":"x"}')], 0)
    spoilt = bytearray(raw[:-1])
    spoilt[position] ^= 1 << bit

    with pytest.raises(LineDamaged):
        read_line(bytes(spoilt), 0)
