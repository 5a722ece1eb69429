from collections.abc import Mapping

import pytest

from services.gateway.ui.actions.proposal import VERBS, as_fields, as_proposal, has_namespace, kinds, parameters_of
from shared.contracts.action import KubernetesPayload, KubernetesVerb
from shared.remediation_parameters import check_change, parameter_names

PLACE = {"context": "prod", "namespace": "shop", "name": "checkout"}
MANIFEST = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "checkout", "namespace": "shop"}}'
TYPED = {
    "replicas": "3",
    "revision": "7",
    "templateDigest": "a" * 64,
    "images": "app=shop/checkout:2\nproxy=envoy:1",
    "container": "app",
    "requests": "cpu=500m",
    "limits": "memory=1Gi\ncpu=",
    "gracePeriodSeconds": "30",
    "timeoutSeconds": "60",
    "force": "on",
    "deleteEmptyDirData": "on",
    "patch": '{"spec": {"paused": true}}',
    "patchType": "merge",
    "propagation": "foreground",
    "manifest": MANIFEST,
}


def filled(verb: str) -> Mapping[str, str]:
    return {
        "type": "kubernetes",
        "title": "x",
        "verb": verb,
        "kind": (kinds(verb) or ("ConfigMap",))[0],
        **PLACE,
        **TYPED,
    }


@pytest.mark.parametrize("verb", VERBS)
def test_the_form_of_every_verb_makes_a_change_the_contract_takes_with_all_its_parameters(verb: str):
    payload = as_proposal(filled(verb))["payload"]
    change = KubernetesPayload(**{**payload, "verb": KubernetesVerb(verb)})

    assert list(check_change(change)) == []
    assert set(payload["parameters"]) == set(parameter_names(change.verb)) - {"restartedAt"}
    assert ("namespace" in payload) is has_namespace(verb)


@pytest.mark.parametrize("verb", VERBS)
def test_an_action_fills_the_form_that_proposes_it_again(verb: str):
    proposal = as_proposal(filled(verb))

    assert as_proposal(as_fields({**proposal, "risk": "low"}))["payload"] == proposal["payload"]


def test_every_field_has_a_label_of_its_own():
    for verb in VERBS:
        assert all(one.label != one.name for one in parameters_of(verb))


def test_arguments_are_taken_a_line_each_as_they_are():
    form = {
        "type": "command",
        "title": "x",
        "argv": "checker\r\n  two words \r\n--flag=a b\r\n\r\n",
        "target": " eu-1 ",
    }

    assert as_proposal(form)["payload"] == {"argv": ["checker", "  two words ", "--flag=a b"], "target": "eu-1"}


def test_what_cannot_be_read_is_passed_on_as_it_was_typed():
    form = {"type": "kubernetes", "verb": "scale", **PLACE, "kind": "Deployment", "replicas": "three"}
    patch = {"type": "kubernetes", "verb": "patch", **PLACE, "kind": "Deployment", "patch": "{spec:"}

    assert as_proposal(form)["payload"]["parameters"] == {"replicas": "three"}
    assert as_proposal(patch)["payload"]["parameters"] == {"patch": "{spec:"}


def test_what_is_left_empty_is_left_out():
    form = {"type": "manual", "title": " x ", "rationale": " ", "supersedes": "", "risk": "", "instructions": "do"}

    assert as_proposal(form) == {"type": "manual", "title": "x", "payload": {"instructions": "do"}}
