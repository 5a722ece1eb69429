"""Faults of Services, routes, policies and DNS."""

from typing import Any

from scripts.demo_objects import DAY, ago, conditions
from tests.support.stranger_faults import FaultTable
from tests.support.stranger_placement import quota_exhausted
from tests.support.stranger_shop import SHOP, StrangerShop

NETWORK = FaultTable()
_of = NETWORK.of
_DNS = {"ports": [{"protocol": "UDP", "port": 53}]}


def _empty(shop: StrangerShop, service: str) -> None:
    for one in shop.slices(service):
        one.update(endpoints=None, ports=None)


@_of("Service/catalog", "htttp")
def target_port_of_no_name(shop: StrangerShop) -> None:
    shop.get("Service", "catalog")["spec"]["ports"][0]["targetPort"] = "htttp"
    _empty(shop, "catalog")


@_of("Service/catalog", "9090")
def target_port_that_nobody_declares(shop: StrangerShop) -> None:
    shop.get("Service", "catalog")["spec"]["ports"][0]["targetPort"] = 9090
    shop.slices("catalog")[0]["ports"][0]["port"] = 9090


@_of("Service/catalog", "catalogue", asked="Service/catalog")
def selector_with_a_typo(shop: StrangerShop) -> None:
    shop.get("Service", "catalog")["spec"]["selector"] = {"app": "catalogue"}
    _empty(shop, "catalog")


@_of("Service/catalog", asked="Deployment/frontend")
def selector_with_a_typo_seen_by_a_caller(shop: StrangerShop) -> None:
    selector_with_a_typo(shop)
    shop.fail("frontend", {"running": {"startedAt": ago(60)}})
    shop.log("frontend", "ERROR Get http://catalog:8080/items: dial tcp 10.96.40.20:8080: connect: connection refused")


@_of("Deployment/frontend", "payments-api")
def service_of_another_namespace_called_by_its_short_name(shop: StrangerShop) -> None:
    shop.change("frontend", env=[{"name": "PAY", "value": "http://payments-api:8080"}])
    shop.crash("frontend", 1, "FATAL dial tcp: lookup payments-api on 10.96.0.10:53: no such host")


@_of("Service/bank")
def external_name_that_leads_to_itself(shop: StrangerShop) -> None:
    spec = {"type": "ExternalName", "externalName": "bank.shop.svc.cluster.local"}
    shop.cluster.add("Service", "bank", SHOP, DAY, spec=spec)


@_of("Service/bank", "nowhere")
def external_name_of_an_absent_service(shop: StrangerShop) -> None:
    spec = {"type": "ExternalName", "externalName": "bank.nowhere.svc.cluster.local"}
    shop.cluster.add("Service", "bank", SHOP, DAY, spec=spec)


@_of("StatefulSet/data/orders-db", "orders-db", asked="Deployment/checkout")
def headless_service_deleted(shop: StrangerShop) -> None:
    shop.drop("Service", "orders-db", "data")
    for one in shop.slices("orders-db", "data"):
        shop.cluster.lists["EndpointSlice"].remove(one)
    shop.crash("checkout", 1, "FATAL lookup orders-db.data.svc.cluster.local on 10.96.0.10:53: no such host")


@_of("Deployment/catalog", asked="Deployment/frontend")
def callee_scaled_to_zero(shop: StrangerShop) -> None:
    made = shop.made["catalog"]
    for pod in (*made.pods, shop.get("Pod", "catalog-old-going")):
        shop.cluster.lists["Pod"].remove(pod)
    for one in (made.deployment, made.replica_sets[-1]):
        one["spec"]["replicas"] = 0
        one["status"] = {"observedGeneration": one["metadata"]["generation"], "replicas": 0}
    _empty(shop, "catalog")
    shop.crash("frontend", 1, "FATAL Get http://catalog:8080/items: dial tcp 10.96.40.20:8080: connection refused")


@_of("ResourceQuota/small", asked="Deployment/frontend")
def callee_that_a_quota_keeps_away(shop: StrangerShop) -> None:
    shop.drop("Pod", "catalog-old-going")
    quota_exhausted(shop)
    shop.crash("frontend", 1, "FATAL Get http://catalog:8080/items: dial tcp 10.96.40.20:8080: connection refused")


@_of("Service/bank", also=("Service/payments/bank",))
def external_names_in_a_circle(shop: StrangerShop) -> None:
    for namespace, other in ((SHOP, "payments"), ("payments", SHOP)):
        spec = {"type": "ExternalName", "externalName": f"bank.{other}.svc.cluster.local"}
        shop.cluster.add("Service", "bank", namespace, DAY, spec=spec)


@_of("NetworkPolicy/payments/deny", asked="Deployment/payments/payments-api")
def nobody_reaches_payments(shop: StrangerShop) -> None:
    shop.cluster.add("NetworkPolicy", "deny", "payments", 60, spec={"podSelector": {}, "policyTypes": ["Ingress"]})


@_of("NetworkPolicy/payments/deny", asked="Deployment/checkout")
def nobody_reaches_payments_and_the_caller_says_so(shop: StrangerShop) -> None:
    nobody_reaches_payments(shop)
    shop.fail("checkout", {"running": {"startedAt": ago(60)}})
    shop.log("checkout", "ERROR Post http://payments-api.payments.svc.cluster.local:8080/charge: dial tcp"
             " 10.96.40.24:8080: i/o timeout")  # fmt: skip


@_of("NetworkPolicy/no-dns", "DNS", asked="Deployment/checkout")
def egress_without_dns(shop: StrangerShop) -> None:
    shop.cluster.add(
        "NetworkPolicy", "no-dns", SHOP, 60,
        spec={"podSelector": {"matchLabels": {"app": "checkout"}}, "policyTypes": ["Egress"],
              "egress": [{"ports": [{"protocol": "TCP", "port": 8080}, {"protocol": "TCP", "port": 5432}]}]},
    )  # fmt: skip
    shop.crash("checkout", 1, "FATAL lookup orders-db.data.svc.cluster.local: i/o timeout")


@_of("NetworkPolicy/only-home", asked="Deployment/checkout")
def egress_to_another_namespace_cut(shop: StrangerShop) -> None:
    shop.cluster.add(
        "NetworkPolicy", "only-home", SHOP, 60,
        spec={"podSelector": {"matchLabels": {"app": "checkout"}}, "policyTypes": ["Egress"],
              "egress": [{"to": [{"podSelector": {}}]}, _DNS]},
    )  # fmt: skip


@_of("Ingress/shop", "traefik")
def ingress_class_absent(shop: StrangerShop) -> None:
    shop.get("Ingress", "shop")["spec"]["ingressClassName"] = "traefik"


@_of("Ingress/shop", "shop-tls")
def certificate_of_the_ingress_absent(shop: StrangerShop) -> None:
    shop.drop("Secret", "shop-tls")


@_of("Ingress/shop", "8443")
def ingress_to_a_port_the_service_lacks(shop: StrangerShop) -> None:
    path = shop.get("Ingress", "shop")["spec"]["rules"][0]["http"]["paths"][0]
    path["backend"]["service"]["port"] = {"number": 8443}


@_of("Deployment/frontend", "OOMKilled", asked="Ingress/shop")
def behind_the_ingress_nothing_is_ready(shop: StrangerShop) -> None:
    shop.crash("frontend", 137, reason="OOMKilled")


def _gateway(shop: StrangerShop, spaces: str, backend: dict[str, Any]) -> dict[str, Any]:
    accepted = conditions(("Accepted", "True", "Accepted", "", DAY), ("Programmed", "True", "Programmed", "", DAY))
    shop.cluster.add("GatewayClass", "edge", None, DAY, spec={"controllerName": "example.com/edge"},
                     status={"conditions": accepted[:1]})  # fmt: skip
    shop.cluster.add(
        "Gateway", "edge", "payments", DAY,
        spec={"gatewayClassName": "edge", "listeners": [{"name": "web", "port": 80, "protocol": "HTTP",
              "allowedRoutes": {"namespaces": {"from": spaces}}}]},
        status={"conditions": accepted, "addresses": [{"value": "192.0.2.7"}],
                "listeners": [{"name": "web", "attachedRoutes": 1, "conditions": accepted}]},
    )  # fmt: skip
    return shop.cluster.add(
        "HTTPRoute", "shop", SHOP, DAY,
        spec={"parentRefs": [{"name": "edge", "namespace": "payments"}], "rules": [{"backendRefs": [backend]}]},
        status={"parents": []},
    )  # fmt: skip


def _answer(route: dict[str, Any], *rows: tuple[Any, ...]) -> None:
    parent = {"parentRef": route["spec"]["parentRefs"][0], "controllerName": "example.com/edge"}
    route["status"]["parents"] = [{**parent, "conditions": conditions(*rows)}]


@_of("HTTPRoute/shop", "NotAllowedByListeners")
def route_of_a_namespace_that_is_not_allowed(shop: StrangerShop) -> None:
    route = _gateway(shop, "Same", {"name": "frontend", "port": 8080})
    _answer(route, ("Accepted", "False", "NotAllowedByListeners", "no listener allows it", DAY))


@_of("HTTPRoute/shop", "payments-api")
def route_without_a_grant(shop: StrangerShop) -> None:
    route = _gateway(shop, "All", {"name": "payments-api", "namespace": "payments", "port": 8080})
    _answer(route, ("Accepted", "True", "Accepted", "", DAY), ("ResolvedRefs", "False", "RefNotPermitted", "", DAY))


@_of("HTTPRoute/shop", "frontendd")
def route_to_an_absent_service(shop: StrangerShop) -> None:
    route = _gateway(shop, "All", {"name": "frontendd", "port": 8080})
    _answer(route, ("Accepted", "True", "Accepted", "", DAY), ("ResolvedRefs", "False", "BackendNotFound", "", DAY))


@_of("Deployment/kube-system/coredns", asked="Deployment/checkout")
def dns_scaled_to_zero(shop: StrangerShop) -> None:
    _lose_dns(shop)
    shop.crash("checkout", 1, "FATAL lookup orders-db.data.svc.cluster.local on 10.96.0.10:53: connection refused")


def _lose_dns(shop: StrangerShop) -> None:
    dns = shop.get("Deployment", "coredns", "kube-system")
    dns["spec"]["replicas"] = 0
    dns["status"] = {"observedGeneration": dns["metadata"]["generation"], "replicas": 0}
    pods = shop.cluster.lists["Pod"]
    pods[:] = [one for one in pods if not one["metadata"]["name"].startswith("coredns")]
    shop.slices("kube-dns", "kube-system")[0]["endpoints"] = None
    for one in shop.cluster.lists["ReplicaSet"]:
        if one["metadata"]["name"].startswith("coredns"):
            one["spec"]["replicas"] = 0
            one["status"] = {"replicas": 0, "observedGeneration": 1}


@_of("Deployment/kube-system/coredns", asked="Service/kube-system/kube-dns")
def dns_configuration_broken(shop: StrangerShop) -> None:
    names = [one for one in shop.cluster.lists["Pod"] if one["metadata"]["name"].startswith("coredns")]
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": ago(2)}}
    for pod in names:
        pod["status"]["containerStatuses"][0].update(
            ready=False, restartCount=9, state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState=ended
        )
        for row in pod["status"]["conditions"]:
            if "Ready" in row["type"]:
                row["status"] = "False"
    for end in shop.slices("kube-dns", "kube-system")[0]["endpoints"]:
        end["conditions"] = {"ready": False}
    shop.get("Deployment", "coredns", "kube-system")["status"].update(readyReplicas=0, availableReplicas=0)
