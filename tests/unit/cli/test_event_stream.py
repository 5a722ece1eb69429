"""Events as the command line reads them."""

from services.cli.event_stream import read_events, split_lines


def test_events_are_read_and_comments_left_out() -> None:
    lines = [
        "retry: 2000",
        "id: 7",
        "event: ready",
        "data: {}",
        "",
        ": still here",
        "",
        "event: changed",
        'data: {"incidentId": "inc_1"}',
        "",
    ]
    assert list(read_events(lines)) == [("ready", "7", {}), ("changed", None, {"incidentId": "inc_1"})]


def test_an_event_that_broke_off_is_left_out() -> None:
    assert list(read_events(["id: 8", "event: changed", 'data: {"incidentId"'])) == []


def test_lines_are_put_together_whatever_pieces_they_come_in() -> None:
    text = 'event: x\ndata: {"title": "Ä\u2028B"}\n\nrest'.encode()
    for size in range(1, len(text)):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        assert list(split_lines(pieces)) == ["event: x", 'data: {"title": "Ä\u2028B"}', ""]
