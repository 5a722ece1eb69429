from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.report.markdown import render_markdown
from services.graph.handlers.diagnose import diagnose_resource
from shared.contracts.diagnosis import DiagnosedResource, ReadGrant
from shared.grants import rule_of
from tests.support.clock import FixedClock
from tests.support.degraded import DegradedCluster
from tests.support.small_rules import SMALL_RULES
from tests.support.small_shop import a_shop


def _markdown(name, source=None):
    resource = DiagnosedResource(namespace="shop", kind="Deployment", name=name)
    return render_markdown(diagnose_resource(source or a_shop(), resource, clock=FixedClock(), rules=SMALL_RULES))


def test_causes_come_with_evidence_arithmetic_and_what_would_help():
    text = _markdown("checkout")

    assert text.startswith("# Deployment shop/checkout: unhealthy\n")
    assert "- log: the last lines no such host: orders" in text
    assert "| base of crash | +0.900 |" in text
    assert "- [ ] Read the log (risk low): `kubectl logs checkout-7c9b-x1`" in text


def test_what_is_healthy_says_what_was_looked_at():
    text = _markdown("web")

    assert "healthy" in text
    assert "## Looked at" in text


def test_what_could_not_be_read_comes_with_the_right_that_lacks():
    text = _markdown("web", DegradedCluster(a_shop(), CoverageState.FORBIDDEN, {"Pod"}))

    assert "cannot tell" in text
    assert 'apiGroups: [""], resources: ["pods"], verbs: ["list"]' in text


def test_a_right_says_where_its_role_belongs():
    assert rule_of(ReadGrant(api_groups=("apps",), resources=("deployments",), verbs=("get",), namespace="shop")) == (
        '{apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"]} in a Role of shop'
    )
