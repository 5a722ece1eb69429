"""What QuickDx writes is what the API takes, whatever the account may see and however much there is to say."""

import msgspec
import pytest

from services.gateway.api.diagnosis_inputs import DiagnosisInput
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules.base import Hit, Remedy, Seen
from services.graph.handlers.diagnose import diagnose_resource
from shared.contracts.diagnosis import DiagnosedResource, encode_diagnosis
from tests.support.clock import FixedClock
from tests.support.cluster import an_object
from tests.support.degraded import DegradedCluster
from tests.support.small_rules import SMALL_RULES, a_rule
from tests.support.small_shop import a_shop


def _assert_taken(source, *, kind="Deployment", name="checkout", rules=SMALL_RULES):
    resource = DiagnosedResource(namespace="shop", kind=kind, name=name)
    diagnosis = diagnose_resource(source, resource, clock=FixedClock(), version="1", rules=rules)

    assert DiagnosisInput().load(msgspec.json.decode(encode_diagnosis(diagnosis))) == diagnosis


def test_a_diagnosis_with_everything_in_it_is_taken():
    _assert_taken(a_shop())


@pytest.mark.parametrize("state", [state for state in CoverageState if state is not CoverageState.OK])
def test_a_diagnosis_of_a_cluster_that_tells_nothing_is_taken(state):
    _assert_taken(DegradedCluster(a_shop(), state))


def test_a_diagnosis_with_more_to_say_than_the_api_takes_is_cut_to_it():
    def endless(view, thing):
        ref, long = thing.ref, "x" * (9_000 if thing.metadata.name.startswith("checkout") else 10)
        for number in range(45):
            seen = tuple(Seen("log", ref, f"{n} {long}", "y" * 5_000, lines=(long,)) for n in range(30))
            remedies = tuple(Remedy(f"{n} {'x' * 3_000}") for n in range(30))
            steps = tuple((0.001, f"step {n}") for n in range(50))
            culprit = an_object("Pod", f"p{number}").ref
            explained = tuple(an_object("Pod", f"q{n}").ref for n in range(90))
            yield Hit(ref, "t" * 900, seen, culprit, steps, explained, remedies)

    _assert_taken(a_shop(), rules=(a_rule("endless", endless, Pod),))
