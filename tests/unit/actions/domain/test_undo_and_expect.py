"""What undoes each change, and what should come true of it."""

import pytest

from services.actions.domain.objects import KubeObject
from services.actions.domain.remediations import REMEDIATIONS
from shared.contracts.action import ExpectationCheck, KubernetesVerb
from shared.remediation_parameters import check_frozen
from tests.support.kube_changes import CHANGES, a_payload
from tests.support.kube_sights import see

V = KubernetesVerb


@pytest.mark.parametrize(
    ("name", "verb", "parameters"),
    [
        ("scale", V.SCALE, {"replicas": 3}),
        ("rollback-deployment", V.ROLLBACK, {"revision": 2}),
        ("rollback-statefulset", V.ROLLBACK, {"revision": 2}),
        ("pause", V.RESUME, {}),
        ("resume", V.PAUSE, {}),
        ("cordon", V.UNCORDON, {}),
        ("drain", V.UNCORDON, {}),
        ("suspend", V.UNSUSPEND, {}),
        ("set-image", V.SET_IMAGE, {"images": {"app": "registry/checkout:1"}}),
        ("set-resources", V.SET_RESOURCES, {"container": "app", "limits": {"memory": None}}),
    ],
)
def test_the_inverse_is_made_of_what_was_there(name, verb, parameters):
    change = CHANGES[name]
    undo, words = REMEDIATIONS[change.payload.verb].undo(see(change.payload), KubeObject())

    assert (undo.verb, undo.parameters) == (verb, parameters)
    assert words
    assert list(check_frozen(undo)) == []


@pytest.mark.parametrize(
    "payload",
    [a_payload(V.DELETE, "Secret", "keys"), a_payload(V.DELETE, "Deployment", "checkout")],
    ids=["secret", "secret-environment"],
)
def test_no_inverse_holds_a_secret(payload):
    undo, words = REMEDIATIONS[V.DELETE].undo(see(payload), KubeObject())

    assert undo is None
    assert "secret" in words


def test_no_digest_is_made_of_secret_values():
    fields = REMEDIATIONS[V.DELETE].more_fields(see(a_payload(V.DELETE, "Secret", "keys")))

    assert fields == {"keys": ["key"]}


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("scale", ExpectationCheck.REPLICAS),
        ("restart", ExpectationCheck.ROLLOUT),
        ("set-image", ExpectationCheck.ROLLOUT),
        ("set-image-of-cronjob", None),
        ("delete-pod", ExpectationCheck.GONE),
        ("drain", ExpectationCheck.DRAINED),
        ("uncordon", ExpectationCheck.FIELD),
        ("patch-strategic", ExpectationCheck.ROLLOUT),
        ("patch-merge", None),
    ],
)
def test_it_expects(name, check):
    change = CHANGES[name]
    found = REMEDIATIONS[change.payload.verb].expect(see(change.payload), KubeObject({"metadata": {"generation": 7}}))

    assert (found.check if found else None) == check
    if found and check is ExpectationCheck.ROLLOUT:
        assert found.generation == 7
