"""A match on the command line, there and back."""

import pytest

from services.cli.matching import read_match, word_match
from services.gateway.domain.records import Match


def test_values_of_one_field_are_alternatives() -> None:
    match = read_match(["service=db-3", "service=db-4", "severity=critical", "labels.team=pay", "labels.team=shop"])

    assert match == {"services": ["db-3", "db-4"], "severities": ["critical"], "labels": {"team": ["pay", "shop"]}}


def test_only_the_first_equals_sign_parts_field_and_value() -> None:
    assert read_match(["labels.k8s.io/app=a=b"]) == {"labels": {"k8s.io/app": ["a=b"]}}


@pytest.mark.parametrize("pair", ["service", "service=", "=db-3", "services=db-3", "labels.=x", "team=pay"])
def test_what_is_no_match_is_refused(pair: str) -> None:
    with pytest.raises(ValueError, match=r"is not FIELD=VALUE|is no field"):
        read_match([pair])


def test_every_field_of_a_match_can_be_said() -> None:
    fields = ("name", "namespace", "service", "cluster", "source", "severity", "labels.team")

    assert set(read_match(f"{field}=x" for field in fields)) == set(Match.__struct_fields__)


def test_a_match_is_worded_as_it_is_said() -> None:
    match = read_match(["service=a", "service=b", "labels.team=pay"])

    assert word_match(match, "signal.severity != 'info'") == [
        "service=a|b",
        "labels.team=pay",
        "signal.severity != 'info'",
    ]
