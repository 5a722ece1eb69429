import pytest

from services.graph.domain.walking.walk import Walk, walk_from
from services.graph.handlers.diagnose import diagnose_resource
from services.graph.handlers.other_gaps import other_gaps
from services.graph.ports import Discovery
from shared.contracts.diagnosis import DiagnosedResource, DiagnosisStatus
from tests.support.clock import FixedClock
from tests.support.cluster import NOW, an_inventory, an_object
from tests.support.cluster_parts import a_deployment, a_service
from tests.support.memory_cluster import MemoryCluster
from tests.support.rule_cases import ref


class HalfDiscovered(MemoryCluster):
    """Serves everything, and cannot say all that it serves."""

    def discover(self):
        return Discovery(failed={"metrics.k8s.io": "did not answer"}, problem="the account may not ask")


class Raising(MemoryCluster):
    """Breaks the promise of its port."""

    def discover(self):
        raise OSError


def test_what_discovery_missed_is_told_in_the_coverage():
    resource = DiagnosedResource(namespace="shop", kind="Deployment", name="web")
    source = HalfDiscovered([a_deployment("web", {"app": "web"}, replicas=0)])

    diagnosis = diagnose_resource(source, resource, clock=FixedClock(NOW))

    assert {note.part for note in diagnosis.coverage} == {"discovery", "discovery of metrics.k8s.io"}
    assert diagnosis.status is DiagnosisStatus.PARTIAL


def test_a_source_that_fails_to_discover_costs_one_note():
    assert [note.part for note in other_gaps(Raising([]))] == ["discovery"]


def test_a_walk_that_was_cut_is_told():
    cut = Walk({ref("Pod", "web-1"): 0}, frozenset(), is_cut=True)

    assert [note.part for note in other_gaps(MemoryCluster([]), cut)] == ["neighbourhood"]
    assert other_gaps(MemoryCluster([]), Walk({}, frozenset())) == ()


def balanced(kind, **spec):
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    return an_object(kind, "edge", spec=spec, status=status)


@pytest.mark.parametrize(
    ("target", "user"),
    [
        (an_object("Secret", "shop-tls"), an_object("Ingress", "web", spec={"tls": [{"secretName": "shop-tls"}]})),
        (an_object("IngressClass", "nginx"), an_object("Ingress", "web", spec={"ingressClassName": "nginx"})),
        (a_service("edge", {"app": "edge"}, type="LoadBalancer",
                   status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}), balanced("Ingress")),
        (an_object("StorageClass", "fast"),
         an_object("PersistentVolumeClaim", "data", spec={"storageClassName": "fast"})),
    ],
)  # fmt: skip
def test_a_walk_goes_back_from_what_is_named_to_who_names_it(target, user):
    walk = walk_from(an_inventory(target, user), target.ref)

    assert user.ref in walk.steps


def test_who_names_another_object_is_not_reached():
    target = an_object("Secret", "shop-tls")
    other = an_object("Ingress", "web", spec={"tls": [{"secretName": "other-tls"}]})

    assert other.ref not in walk_from(an_inventory(target, other), target.ref).steps


def _first(objects, kind, namespace, name):
    resource = DiagnosedResource(namespace=namespace, kind=kind, name=name)
    diagnosis = diagnose_resource(MemoryCluster(objects), resource, clock=FixedClock(NOW))
    return (
        (diagnosis.hypotheses[0].culprit.kind, diagnosis.hypotheses[0].culprit.name) if diagnosis.hypotheses else None
    )


def test_a_secret_that_is_no_certificate_is_found_by_its_own_diagnosis():
    secret = an_object("Secret", "shop-tls", type="Opaque", data={"cert.pem": "eA=="})
    ingress = an_object("Ingress", "web", spec={"tls": [{"hosts": ["a.example"], "secretName": "shop-tls"}]})

    assert _first([secret, ingress], "Secret", "shop", "shop-tls") == ("Secret", "shop-tls")


def test_a_route_without_grant_is_found_by_its_own_diagnosis():
    backend = {"name": "web", "namespace": "back", "port": 80}
    route = an_object("HTTPRoute", "web", spec={"rules": [{"backendRefs": [backend]}]})
    service = a_service("web", {"app": "web"}, namespace="back")

    assert _first([route, service], "HTTPRoute", "shop", "web") == ("HTTPRoute", "web")


def test_an_ingress_controller_at_zero_is_found_by_its_own_diagnosis_and_by_the_ingress():
    address = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    labels = {"app": "controller"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app"}]}}
    controller = an_object(
        "Deployment", "controller", "edge",
        spec={"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    )  # fmt: skip
    front = a_service("front", labels, namespace="edge", type="LoadBalancer", status=address)
    objects = [controller, front, an_object("Ingress", "web", spec={"ingressClassName": "nginx"}, status=address),
               an_object("IngressClass", "nginx")]  # fmt: skip

    assert _first(objects, "Deployment", "edge", "controller") == ("Deployment", "controller")
    assert _first(objects, "Ingress", "shop", "web") == ("Deployment", "controller")
