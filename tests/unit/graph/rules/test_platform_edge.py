"""Ingresses and the Gateway API: every rule finds its fault, and is silent about what is healthy."""

import pytest

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules import attachment, controllers, gateways, ingress, routes
from tests.support.cluster import an_object
from tests.support.cluster_parts import (
    AN_HOUR_AGO,
    a_condition,
    a_deployment,
    a_pod,
    a_service,
    a_slice,
    ago,
)
from tests.support.rule_trials import Clean, Found, by_id, confidence, expect, expect_humble, try_rule

RULES = by_id((*ingress.RULES, *gateways.RULES, *routes.RULES, *attachment.RULES, *controllers.RULES))
FORBIDDEN = CoverageState.FORBIDDEN
WEB = {"app": "web"}
service = a_service("web", WEB)
pod = a_pod("web-1", WEB)
nginx = an_object("IngressClass", "nginx", spec={"controller": "k8s.io/ingress-nginx"})
default_class = an_object(
    "IngressClass", "nginx", metadata={"annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}
)


def an_ingress(name="web", port=None, ingress_class="nginx", annotations=None, status=None, **spec):
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": name, "port": port or {"number": 80}}}}
    rules = [{"host": "shop.example.com", "http": {"paths": [path]}}]
    return an_object(
        "Ingress",
        "shop",
        metadata={"annotations": annotations or {}, "creationTimestamp": AN_HOUR_AGO},
        spec={"ingressClassName": ingress_class, "rules": rules, **spec},
        status=status or {"loadBalancer": {}},
    )


def with_tls(**annotations):
    return an_ingress(tls=[{"hosts": ["shop.example.com"], "secretName": "shop-tls"}], annotations=annotations)


def a_secret(name="shop-tls", namespace="shop", **data):
    return an_object("Secret", name, namespace, type="kubernetes.io/tls" if data else "Opaque", data=data)


good_tls = a_secret(**{"tls.crt": "eA==", "tls.key": "eA=="})
bad_tls = a_secret(**{"cert.pem": "eA==", "tls.key": "eA=="})


def a_class(status="True", reason="Accepted", generation=1, made=AN_HOUR_AGO):
    accepted = a_condition("Accepted", status, reason, observedGeneration=generation)
    return an_object(
        "GatewayClass",
        "lab",
        metadata={"generation": 1, "creationTimestamp": made},
        spec={"controllerName": "gateway.lab.example/controller"},
        status={"conditions": [accepted]},
    )


def a_gateway(conditions=(), listeners=(), tls=None, generation=2, made=AN_HOUR_AGO, **listener):
    return an_object(
        "Gateway",
        "public",
        metadata={"generation": generation, "creationTimestamp": made},
        spec={
            "gatewayClassName": "lab",
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP", "tls": tls, **listener}],
        },
        status={"conditions": list(conditions), "listeners": list(listeners)},
    )


def a_listener(*conditions):
    return {"name": "http", "attachedRoutes": 0, "conditions": list(conditions)}


def current(kind, status, reason="", message=""):
    return a_condition(kind, status, reason, message, observedGeneration=2)


def a_route(backend=None, parent=None, conditions=None, kind="HTTPRoute", made=AN_HOUR_AGO):
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public", **(parent or {})}
    status = [{"parentRef": parent, "controllerName": "c", "conditions": conditions}] if conditions is not None else []
    return an_object(
        kind,
        "web",
        metadata={"generation": 2, "creationTimestamp": made},
        spec={"parentRefs": [parent], "rules": [{"backendRefs": [{"name": "web", "port": 80, **(backend or {})}]}]},
        status={"parents": status},
    )


def a_route_for(*hosts, namespace="shop", kind="HTTPRoute"):
    parent = {"kind": "Gateway", "name": "public", "namespace": "shop"}
    return an_object(kind, "web", namespace, spec={"parentRefs": [parent], "hostnames": list(hosts)})


def a_lease(name, namespace="kube-system", **since):
    return an_object("Lease", name, namespace, spec={"renewTime": ago(**since), "leaseDurationSeconds": 15})


def a_grant(name=None, group="gateway.networking.k8s.io", kind="HTTPRoute", namespace="shop", to="Service"):
    return an_object(
        "ReferenceGrant",
        "from-shop",
        "back",
        spec={
            "from": [{"group": group, "kind": kind, "namespace": namespace}],
            "to": [{"group": "", "kind": to, "name": name}],
        },
    )


good = [current("Accepted", "True"), current("Programmed", "True")]
accepted = [current("Accepted", "True"), current("ResolvedRefs", "True")]
across = a_route({"namespace": "back"})
backend = a_service("web", WEB, namespace="back")
crashing = a_pod("web-1", WEB, ready=False)
tls_ref = {"certificateRefs": [{"kind": "Secret", "name": "shop-tls"}]}
tls_across = {"certificateRefs": [{"name": "shop-tls", "namespace": "back"}]}
refused = [current("Accepted", "True"), current("ResolvedRefs", "False", "BackendNotFound", "no Service web")]
mirrored = an_object(
    "HTTPRoute",
    "web",
    metadata={"generation": 2},
    spec={"rules": [{"filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "copy"}}}]}]},
)

at_front = {"loadBalancer": {"ingress": [{"ip": "192.0.2.40"}]}}
front = a_service("nginx", {"app": "nginx"}, type="LoadBalancer", status=at_front)
front_pod = a_pod("nginx-1", {"app": "nginx"})
no_front = a_deployment("nginx", {"app": "nginx"}, replicas=0)
unseen = an_object("Pod", "web-9", metadata={"creationTimestamp": AN_HOUR_AGO}, status={"phase": "Pending"})
team = an_object("Namespace", "back", None, metadata={"labels": {"team": "back"}})


def selected(**labels):
    return {"allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": labels}}}}


FOUND = {
    "ingress-class-missing": Found([an_ingress(ingress_class="traefik"), nginx], says="traefik, which does not exist"),
    "ingress-without-class": Found([an_ingress(ingress_class=None), nginx]),
    "ingress-backend-missing": Found([an_ingress("promo"), nginx, service], says="Service promo, which does not exist"),
    "ingress-backend-port": Found([an_ingress(port={"name": "web"}), service], says="port web"),
    "ingress-backend-down": Found(
        [an_ingress(), service, a_slice(service, crashing), crashing], Ref("Pod", "shop", "web-1")
    ),
    "ingress-tls-secret-missing": Found([with_tls(), nginx, service], says="Secret shop-tls"),
    "ingress-tls-secret-unusable": Found([with_tls(), bad_tls], bad_tls.ref, says="lacks tls.crt"),
    "ingress-load-balancer-error": Found(
        [
            an_ingress(
                status={
                    "loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ports": [{"port": 80, "error": "PortInUse"}]}]}
                }
            )
        ],
        says="PortInUse",
    ),
    "gateway-class-not-accepted": Found([a_class("Unknown", "Pending"), a_gateway()], says="no controller"),
    "gateway-class-missing": Found([a_gateway()], says="GatewayClass lab, which does not exist"),
    "gateway-not-programmed": Found(
        [a_gateway([current("Accepted", "True"), current("Programmed", "False", "AddressNotAssigned")]), a_class()],
        says="AddressNotAssigned",
    ),
    "gateway-listener-invalid": Found(
        [a_gateway(good, [a_listener(current("ResolvedRefs", "False", "InvalidCertificateRef"))]), a_class()],
        says="InvalidCertificateRef",
    ),
    "gateway-certificate-missing": Found([a_gateway(good, tls=tls_ref), a_class()], says="Secret shop/shop-tls"),
    "reference-grant-for-nobody": Found([a_grant(), an_object("Namespace", "back")], says="namespace shop"),
    "route-rejected": Found([a_route(conditions=refused)], says="BackendNotFound"),
    "route-parent-missing": Found([a_route()], says="Gateway shop/public, which does not exist"),
    "route-backend-missing": Found([a_route()], says="Service shop/web, which does not exist"),
    "route-backend-port": Found([a_route({"port": 8080}), service], says="no port 8080"),
    "route-backend-down": Found(
        [a_route(), service, a_slice(service, crashing), crashing], Ref("Pod", "shop", "web-1")
    ),
    "route-grant-missing": Found([across, backend, a_grant(kind="GRPCRoute")], says="No ReferenceGrant"),
    "route-not-admitted": Found(
        [a_route_for("shop.example.org"), a_gateway(hostname="*.example.com")], says="serves *.example.com"
    ),
    "edge-controller-down": Found([an_ingress(status=at_front), front, a_slice(front), no_front], no_front.ref),
    "control-plane-silent": Found(
        [a_lease("kube-scheduler", minutes=9), a_lease("worker-1", "kube-node-lease", seconds=4), unseen]
    ),
    "route-unclaimed": Found([a_route(), a_gateway(), a_class("Unknown", "Pending")], Ref("GatewayClass", None, "lab")),
}

CLEAN = {
    "ingress-class-missing": [
        Clean("the class exists", [an_ingress(), nginx]),
        Clean("classes could not be read", [an_ingress(ingress_class="traefik")], {"IngressClass": FORBIDDEN}),
        Clean("the name needs no object", [an_ingress(ingress_class="gce")]),
        Clean(
            "an annotation names it, for which no object is needed",
            [
                an_ingress(ingress_class=None, annotations={"kubernetes.io/ingress.class": "haproxy"}),
            ],
        ),
    ],
    "ingress-without-class": [
        Clean("a class is the default", [an_ingress(ingress_class=None), default_class]),
        Clean(
            "an annotation names one",
            [
                an_ingress(ingress_class=None, annotations={"kubernetes.io/ingress.class": "nginx"}),
            ],
        ),
        Clean(
            "somebody serves it",
            [
                an_ingress(ingress_class=None, status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}),
            ],
        ),
        Clean("classes could not be read", [an_ingress(ingress_class=None)], {"IngressClass": FORBIDDEN}),
    ],
    "ingress-backend-missing": [
        Clean("the Service exists", [an_ingress(), service]),
        Clean("Services could not be read", [an_ingress()], {"Service": FORBIDDEN}),
        Clean("not all Services were read", [an_ingress()], {"Service": CoverageState.TRUNCATED}),
        Clean("annotations say what to do", [an_ingress("redirect", {"name": "use-annotation"})]),
    ],
    "ingress-backend-port": [
        Clean("the Service has the number", [an_ingress(), service]),
        Clean("the Service has the name", [an_ingress(port={"name": "http"}), service]),
        Clean("the Service could not be read", [an_ingress(port={"name": "web"})], {"Service": FORBIDDEN}),
        Clean(
            "an ExternalName needs no port",
            [
                an_ingress(port={"number": 443}),
                a_service("web", None, type="ExternalName", ports=None),
            ],
        ),
    ],
    "ingress-backend-down": [
        Clean("it has an endpoint", [an_ingress(), service, a_slice(service, pod), pod]),
        Clean("it is scaled to zero", [an_ingress(), service, a_deployment("web", WEB, replicas=0)]),
        Clean(
            "endpoints and pods could not be read",
            [an_ingress(), service],
            {"Pod": FORBIDDEN, "EndpointSlice": FORBIDDEN},
        ),
    ],
    "ingress-tls-secret-missing": [
        Clean("the Secret exists", [with_tls(), good_tls]),
        Clean("Secrets could not be read", [with_tls()], {"Secret": FORBIDDEN}),
        Clean("the controller's own certificate is asked for", [an_ingress(tls=[{"hosts": ["shop.example.com"]}])]),
    ],
    "ingress-tls-secret-unusable": [
        Clean("it has both keys", [with_tls(), good_tls]),
        Clean("no key is known", [with_tls(), a_secret()]),
    ],
    "ingress-load-balancer-error": [
        Clean(
            "there is no error",
            [an_ingress(status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ports": None}]}})],
        ),
    ],
    "gateway-class-not-accepted": [
        Clean("it is accepted", [a_class()]),
        Clean("it is new", [a_class("Unknown", "Pending", made=ago(seconds=20))]),
        Clean("what is said is of an earlier generation", [a_class("False", "InvalidParameters", generation=0)]),
    ],
    "gateway-class-missing": [
        Clean("the class exists", [a_gateway(), a_class()]),
        Clean("classes could not be read", [a_gateway()], {"GatewayClass": FORBIDDEN}),
        Clean("the server has no such API", [a_gateway()], {"GatewayClass": CoverageState.MISSING}),
    ],
    "gateway-not-programmed": [
        Clean("it is programmed", [a_gateway(good), a_class()]),
        Clean("it is new", [a_gateway([current("Programmed", "Unknown", "Pending")], made=ago(seconds=20)), a_class()]),
        Clean(
            "the condition is of an earlier generation",
            [
                a_gateway([current("Programmed", "False", "Invalid")], generation=3),
                a_class(),
            ],
        ),
        Clean(
            "its class does not exist, which is another rule's",
            [a_gateway([current("Accepted", "Unknown", "Pending")])],
        ),
    ],
    "gateway-listener-invalid": [
        Clean(
            "all is well",
            [
                a_gateway(good, [a_listener(current("Accepted", "True"), current("Conflicted", "False"))]),
                a_class(),
            ],
        ),
    ],
    "gateway-certificate-missing": [
        Clean("the Secret exists", [a_gateway(good, tls=tls_ref), good_tls]),
        Clean("Secrets could not be read", [a_gateway(good, tls=tls_ref)], {"Secret": FORBIDDEN}),
        Clean(
            "grants could not be read",
            [a_gateway(good, tls=tls_across), a_secret(namespace="back")],
            {
                "ReferenceGrant": FORBIDDEN,
            },
        ),
        Clean(
            "a grant allows the Secret",
            [
                a_gateway(good, tls=tls_across),
                a_secret(namespace="back"),
                a_grant(kind="Gateway", to="Secret"),
            ],
        ),
    ],
    "reference-grant-for-nobody": [
        Clean("the namespace exists", [a_grant(), an_object("Namespace", "shop")]),
        Clean("namespaces could not be read", [a_grant()], {"Namespace": FORBIDDEN}),
    ],
    "route-rejected": [
        Clean("it is accepted", [a_route(conditions=accepted)]),
        Clean(
            "what is said is of an earlier generation",
            [
                a_route(conditions=[a_condition("Accepted", "False", "NoMatchingParent", observedGeneration=1)]),
            ],
        ),
    ],
    "route-parent-missing": [
        Clean("the Gateway has the listener", [a_route(parent={"sectionName": "http"}), a_gateway(good)]),
        Clean("Gateways could not be read", [a_route()], {"Gateway": FORBIDDEN}),
        Clean("the parent is a Service, for a mesh", [a_route(parent={"group": "", "kind": "Service"})]),
    ],
    "route-backend-missing": [
        Clean("the Service exists", [a_route(), service]),
        Clean("Services could not be read", [a_route()], {"Service": FORBIDDEN}),
        Clean("the backend is no Service", [a_route({"group": "storage.example", "kind": "Bucket"})]),
    ],
    "route-backend-port": [
        Clean("the Service has the port", [a_route(), service]),
        Clean("the Service could not be read", [a_route({"port": 8080})], {"Service": FORBIDDEN}),
    ],
    "route-backend-down": [
        Clean("it has an endpoint", [a_route(), service, a_slice(service, pod), pod]),
        Clean("no traffic is sent there", [a_route({"weight": 0}), service, a_slice(service, crashing), crashing]),
    ],
    "route-grant-missing": [
        Clean("the Service is of the same namespace", [a_route(), service]),
        Clean("a grant allows it", [across, backend, a_grant()]),
        Clean("a grant allows this name", [across, backend, a_grant("web")]),
        Clean("grants could not be read", [across, backend], {"ReferenceGrant": FORBIDDEN}),
    ],
    "route-not-admitted": [
        Clean("the hostnames overlap", [a_route_for("shop.example.com"), a_gateway(hostname="*.example.com")]),
        Clean("the listener is for every host", [a_route_for("shop.example.org"), a_gateway()]),
        Clean("the Gateway could not be read", [a_route_for("shop.example.org")], {"Gateway": FORBIDDEN}),
        Clean("the namespace is selected", [a_route_for(namespace="back"), a_gateway(**selected(team="back")), team]),
        Clean(
            "the labels of the namespace could not be read",
            [
                a_route_for(namespace="back"),
                a_gateway(**selected(team="web")),
                team,
            ],
            {"Namespace": FORBIDDEN},
        ),
    ],
    "edge-controller-down": [
        Clean("its pods are ready", [an_ingress(status=at_front), front, a_slice(front, front_pod), front_pod]),
        Clean("it is served at another address", [an_ingress(), front, a_slice(front), no_front]),
        Clean(
            "what is behind could not be read",
            [an_ingress(status=at_front), front],
            {
                "Pod": FORBIDDEN,
                "EndpointSlice": FORBIDDEN,
            },
        ),
    ],
    "control-plane-silent": [
        Clean("it renews its lease", [a_lease("kube-scheduler", seconds=2), a_lease("worker-1", seconds=4)]),
        Clean("all were read an hour ago", [a_lease("kube-scheduler", hours=1), a_lease("worker-1", hours=1)]),
        Clean("it is a lease of somebody's", [a_lease("my-operator", hours=9), a_lease("worker-1", seconds=4)]),
        Clean("no other lease could be read", [a_lease("kube-scheduler", minutes=9)]),
    ],
    "route-unclaimed": [
        Clean("it has a status", [a_route(conditions=accepted), a_gateway(good)]),
        Clean("it is new", [a_route(made=ago(seconds=20)), a_gateway()]),
        Clean("a controller serves its Gateway", [a_route(), a_gateway(good), a_class()]),
        Clean("its Gateway is not known", [a_route()], {"Gateway": FORBIDDEN}),
    ],
}


def test_every_rule_has_a_fault_it_finds_and_a_cluster_it_is_silent_about():
    assert set(FOUND) == set(CLEAN) == set(RULES)


@pytest.mark.parametrize("rule_id", RULES)
def test_the_rule_finds_its_fault(rule_id):
    expect(RULES[rule_id], FOUND[rule_id])


@pytest.mark.parametrize("rule_id", RULES)
def test_what_cannot_be_read_is_never_called_absent_and_makes_nothing_surer(rule_id):
    expect_humble(RULES[rule_id], FOUND[rule_id])


@pytest.mark.parametrize(("rule_id", "trial"), [(one, trial) for one in CLEAN for trial in CLEAN[one]])
def test_the_rule_is_silent(rule_id, trial):
    assert try_rule(RULES[rule_id], trial.objects, trial.unread) == [], trial.why


def test_a_default_backend_is_looked_at_like_any_other():
    only = an_ingress(defaultBackend={"service": {"name": "fallback", "port": {"number": 80}}})
    (hit,) = try_rule(RULES["ingress-backend-missing"], [only, service])
    assert "spec.defaultBackend.service" in {one.field_path for one in hit.seen}


@pytest.mark.parametrize(
    "grant", [a_grant("other"), a_grant(group=""), a_grant(namespace="other"), a_grant(to="Secret")]
)
def test_a_grant_that_differs_in_one_part_allows_nothing(grant):
    assert len(try_rule(RULES["route-grant-missing"], [across, backend, grant])) == 1


def test_a_mirror_is_a_backend_too():
    (hit,) = try_rule(RULES["route-backend-missing"], [mirrored])
    assert "Service shop/copy" in hit.summary


def test_a_backend_without_weight_is_hardly_missed():
    rule = RULES["route-backend-missing"]
    (hit,) = try_rule(rule, [a_route({"weight": 0})])
    assert confidence(rule, hit) < rule.base


def test_a_listener_the_gateway_lacks_is_named():
    (hit,) = try_rule(RULES["route-parent-missing"], [a_route(parent={"sectionName": "https"}), a_gateway(good)])
    assert "no listener https" in hit.summary


def test_a_gateway_of_a_class_nobody_takes_up_blames_the_class():
    waiting = a_gateway([current("Programmed", "Unknown", "Pending")])
    (hit,) = try_rule(RULES["gateway-not-programmed"], [waiting, a_class("Unknown", "Pending")])
    assert hit.culprit == Ref("GatewayClass", None, "lab")


def test_a_certificate_of_another_namespace_needs_a_grant():
    (hit,) = try_rule(
        RULES["gateway-certificate-missing"], [a_gateway(good, tls=tls_across), a_secret(namespace="back")]
    )
    assert "No ReferenceGrant in back" in hit.summary


@pytest.mark.parametrize(
    ("route", "gateway", "why"),
    [
        (a_route_for(namespace="back"), a_gateway(), "its own namespace only"),
        (a_route_for(namespace="back"), a_gateway(**selected(team="web")), "does not select namespace back"),
        (a_route_for(kind="TCPRoute"), a_gateway(), "takes GRPCRoute, HTTPRoute only"),
        (a_route_for("example.com"), a_gateway(hostname="*.example.com"), "serves *.example.com"),
    ],
)
def test_why_a_listener_does_not_admit_a_route_is_told(route, gateway, why):
    (hit,) = try_rule(RULES["route-not-admitted"], [route, gateway, team])
    assert why in hit.summary


@pytest.mark.parametrize("host", ["a.b.example.com", "*.b.example.com", "*.example.com", "SHOP.example.com"])
def test_a_wildcard_stands_for_one_label_or_more(host):
    assert try_rule(RULES["route-not-admitted"], [a_route_for(host), a_gateway(hostname="*.example.com")]) == []


def test_a_silent_scheduler_is_surer_where_pods_wait_unseen():
    rule = RULES["control-plane-silent"]
    leases = [a_lease("kube-scheduler", minutes=9), a_lease("worker-1", "kube-node-lease", seconds=4)]
    (alone,) = try_rule(rule, leases)
    (waited,) = try_rule(rule, [*leases, unseen])
    assert confidence(rule, waited) > confidence(rule, alone)


def test_a_silent_controller_manager_leaves_changes_unobserved():
    stale = an_object(
        "Deployment",
        "web",
        metadata={"generation": 3, "creationTimestamp": AN_HOUR_AGO},
        status={"observedGeneration": 2},
    )
    leases = [a_lease("kube-controller-manager", minutes=9), a_lease("worker-1", "kube-node-lease", seconds=4)]
    (hit,) = try_rule(RULES["control-plane-silent"], [*leases, stale])
    assert hit.explains == (stale.ref,)


def test_a_gateway_is_down_with_what_serves_its_address():
    gateway = an_object("Gateway", "public", status={"addresses": [{"type": "IPAddress", "value": "192.0.2.40"}]})
    (hit,) = try_rule(RULES["edge-controller-down"], [gateway, front, a_slice(front), no_front])
    assert hit.culprit == no_front.ref
