from datetime import timedelta

import pytest

from services.gateway.domain.records import Match
from services.gateway.domain.rules import SilenceInvalid, check_silence
from tests.unit.gateway.domain.rules.cases import NOW, a_silence


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"match": Match(), "when": "true"},
        {"ends_at": NOW + timedelta(days=90)},
        {"repeat": "FREQ=DAILY", "timezone": "Europe/Berlin"},
        {"repeat": "FREQ=WEEKLY", "ends_at": NOW + timedelta(days=6)},
        {"repeat": "FREQ=MONTHLY;BYDAY=4MO;COUNT=12"},
        {"repeat": "FREQ=DAILY;COUNT=1", "ends_at": NOW + timedelta(days=3)},
    ],
)
def test_a_good_silence_passes(fields):
    check_silence(a_silence(**fields))


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"comment": " "}, "comment", "say why"),
        ({"comment": "c" * 1_001}, "comment", "1,000"),
        ({"match": Match()}, "match", 'every signal; to mean that, set when to "true"'),
        ({"match": Match(), "when": " "}, "match", "every signal"),
        ({"when": "signal.nme == 'a'"}, "when", "no field nme"),
        ({"ends_at": NOW}, "endsAt", "after startsAt"),
        ({"ends_at": NOW + timedelta(days=90, seconds=1)}, "endsAt", "at most 90 days"),
        ({"timezone": "Berlin"}, "timezone", "unknown"),
        ({"timezone": "../etc/passwd"}, "timezone", "unknown"),
        ({"timezone": "Europe"}, "timezone", "unknown"),
        ({"timezone": ""}, "timezone", "unknown"),
        ({"repeat": ""}, "repeat", "NAME=VALUE"),
        ({"repeat": "FREQ=" + "D" * 200}, "repeat", "200 characters"),
        ({"repeat": "FREQ=HOURLY"}, "repeat", "DAILY, WEEKLY or MONTHLY"),
        ({"repeat": "INTERVAL=2"}, "repeat", "DAILY, WEEKLY or MONTHLY"),
        ({"repeat": "FREQ=DAILY;BYHOUR=3"}, "repeat", "BYHOUR is not understood"),
        ({"repeat": "FREQ=DAILY;FREQ=DAILY"}, "repeat", "twice"),
        ({"repeat": "FREQ=DAILY;INTERVAL=0"}, "repeat", "INTERVAL must be 1 to 366"),
        ({"repeat": "FREQ=DAILY;INTERVAL=²"}, "repeat", "INTERVAL must be"),
        ({"repeat": "FREQ=DAILY;COUNT=x"}, "repeat", "COUNT must be 1 to 10,000"),
        ({"repeat": "FREQ=DAILY;COUNT=2;UNTIL=20270101"}, "repeat", "exclude each other"),
        ({"repeat": "FREQ=DAILY;UNTIL=20271301"}, "repeat", "UNTIL must be a date"),
        ({"repeat": "FREQ=DAILY;UNTIL=soon"}, "repeat", "UNTIL must be a date"),
        ({"repeat": "FREQ=WEEKLY;BYDAY=XX"}, "repeat", "XX is not one of MO"),
        ({"repeat": "FREQ=WEEKLY;BYDAY=1MO"}, "repeat", "only FREQ=MONTHLY"),
        ({"repeat": "FREQ=WEEKLY;BYDAY=TU"}, "repeat", "must itself be one of the times"),
        ({"repeat": "FREQ=DAILY;UNTIL=20261122"}, "repeat", "must itself be one of the times"),
        ({"repeat": "FREQ=DAILY", "ends_at": NOW + timedelta(days=1)}, "repeat", "before the next one begins"),
        (
            {"repeat": "FREQ=WEEKLY;BYDAY=MO,TU", "ends_at": NOW + timedelta(hours=30)},
            "repeat",
            "before the next one begins",
        ),
        ({"repeat": "FREQ=MONTHLY", "ends_at": NOW + timedelta(days=28)}, "repeat", "before the next one begins"),
    ],
)
def test_what_no_silence_may_say(fields, path, words):
    with pytest.raises(SilenceInvalid) as error:
        check_silence(a_silence(**fields))

    assert list(error.value.errors) == [path]
    assert words in error.value.errors[path][0]
