import hashlib
import json

import pytest
from msgspec.structs import replace

from services.gateway.domain.actions.digests import canonical_json, content_digest, review_digest
from services.gateway.domain.records import ActionRisk, ManualPayload
from tests.support.actions import a_change, a_preview, an_action


def test_the_canonical_form_is_that_of_the_standard_library():
    value = {"b": [1, 2.5, None, True], "a": {"ü": "\u2028 /", "z": ""}}

    assert canonical_json(value) == '{"a":{"z":"","ü":"\u2028 /"},"b":[1,2.5,null,true]}'.encode()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "act_2"},
        {"incident_id": "inc_2"},
        {"title": "Fail  over"},
        {"rationale": "x"},
        {"risk": ActionRisk.MEDIUM},
        {"rollback": "x"},
        {"expected_effect": "x"},
        {"manual": ManualPayload(instructions="fail over to eu-2.")},
    ],
)
def test_every_part_of_the_content_changes_the_digest(change):
    action = an_action()

    assert content_digest(replace(action, **change)) != action.digest


def test_what_is_decided_about_it_does_not():
    action = an_action()

    assert content_digest(replace(action, version=7, previews=(a_preview(),))) == action.digest


def test_the_order_of_parameters_means_nothing():
    one = a_change(parameters={"replicas": 3, "cascade": {"a": 1, "b": 2}})
    other = a_change(parameters={"cascade": {"b": 2, "a": 1}, "replicas": 3})

    assert one.digest == other.digest


def test_what_an_approver_looks_at_is_the_content_and_every_preview_in_its_order():
    first, second = a_preview(1), a_preview(2)
    digests = [
        review_digest(an_action(previews=previews))
        for previews in [(), (first,), (second,), (first, second), (second, first)]
    ]

    assert len(set(digests)) == len(digests)
    assert digests[0] == an_action().digest
    canonical = json.dumps(
        {"content": an_action().digest, "previews": [first.digest]}, sort_keys=True, separators=(",", ":")
    )
    assert digests[1] == hashlib.sha256(canonical.encode()).hexdigest()
