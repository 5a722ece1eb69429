"""Faults of the API server's surroundings, and two faults at once."""

from scripts.demo_objects import DAY, ago, conditions
from tests.support.stranger_containers import crash_without_logs, memory_limit_too_low, wrong_image_tag
from tests.support.stranger_faults import FaultTable
from tests.support.stranger_network import selector_with_a_typo
from tests.support.stranger_placement import node_under_disk_pressure
from tests.support.stranger_shop import SHOP, StrangerShop

PLATFORM = FaultTable()
_of = PLATFORM.of


@_of("APIService//v1beta1.metrics.k8s.io", "metrics-server")
def api_without_a_server(shop: StrangerShop) -> None:
    text = 'service/metrics-server in "kube-system" is not present'
    shop.cluster.add(
        "APIService", "v1beta1.metrics.k8s.io", None, DAY,
        spec={"group": "metrics.k8s.io", "version": "v1beta1",
              "service": {"name": "metrics-server", "namespace": "kube-system", "port": 443}},
        status={"conditions": conditions(("Available", "False", "ServiceNotFound", text, 60))},
    )  # fmt: skip


@_of("Namespace//leaving", "finalizers")
def namespace_that_does_not_go(shop: StrangerShop) -> None:
    text = "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    shop.cluster.add(
        "Namespace", "leaving", None, 9 * DAY,
        meta={"deletionTimestamp": ago(DAY)},
        spec={"finalizers": ["kubernetes"]},
        status={"phase": "Terminating",
                "conditions": conditions(("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", text, DAY))},
    )  # fmt: skip


@_of("Certificate/shop", "issuer")
def certificate_that_is_not_issued(shop: StrangerShop) -> None:
    text = "Issuing certificate as Secret does not exist: the issuer letsencrypt was not found"
    shop.cluster.add(
        "Certificate", "shop", SHOP, DAY,
        spec={"secretName": "shop-tls-2", "dnsNames": ["shop.example"], "issuerRef": {"name": "letsencrypt"}},
        status={"conditions": conditions(("Ready", "False", "DoesNotExist", text, 60))},
    )  # fmt: skip


@_of("Certificate/shop", asked="Ingress/shop")
def certificate_that_an_ingress_waits_for(shop: StrangerShop) -> None:
    shop.drop("Secret", "shop-tls")
    certificate_that_is_not_issued(shop)
    shop.get("Certificate", "shop")["spec"]["secretName"] = "shop-tls"


@_of("Deployment/cart", "cart-secret")
def sealed_secret_that_was_never_opened(shop: StrangerShop) -> None:
    shop.drop("Secret", "cart-secret")
    text = 'secret "cart-secret" not found'
    shop.fail("cart", {"waiting": {"reason": "CreateContainerConfigError", "message": text}})


@_of("Deployment/cart", "ImagePullBackOff", also=("Deployment/catalog",))
def two_workloads_at_once(shop: StrangerShop) -> None:
    wrong_image_tag(shop)
    crash_without_logs(shop)


@_of("Deployment/catalog", "OOMKilled", also=("Deployment/cart",))
def memory_beside_an_image(shop: StrangerShop) -> None:
    wrong_image_tag(shop)
    memory_limit_too_low(shop)


@_of("Service/catalog", also=("Node//worker-1", "Deployment/cart"))
def three_unlike_faults_at_once(shop: StrangerShop) -> None:
    wrong_image_tag(shop)
    selector_with_a_typo(shop)
    node_under_disk_pressure(shop)


@_of("RoleBinding/checkout-reads-config", "config-reader")
def role_of_a_binding_deleted(shop: StrangerShop) -> None:
    shop.drop("Role", "config-reader")


@_of("Deployment/catalog")
def replicas_never_made(shop: StrangerShop) -> None:
    made = shop.made["catalog"]
    for pod in made.pods:
        shop.cluster.lists["Pod"].remove(pod)
    shop.cluster.lists["ReplicaSet"].remove(made.replica_sets[-1])
    made.deployment["status"] = {}
    for one in shop.slices("catalog"):
        one["endpoints"] = None


@_of("Deployment/catalog", "registry.shop.example/catalog:broken")
def only_the_new_pod_of_a_rollout_fails(shop: StrangerShop) -> None:
    pod, image = shop.made["catalog"].pods[0], "registry.shop.example/catalog:broken"
    pod["spec"]["containers"] = [{**pod["spec"]["containers"][0], "image": image}]
    text = f'Back-off pulling image "{image}": not found'
    pod["status"]["phase"] = "Pending"
    pod["status"]["containerStatuses"][0].update(
        ready=False, started=False, image=image, state={"waiting": {"reason": "ImagePullBackOff", "message": text}}
    )
    for row in pod["status"]["conditions"]:
        if "Ready" in row["type"]:
            row["status"] = "False"
    shop.made["catalog"].deployment["status"].update(readyReplicas=1, availableReplicas=1, unavailableReplicas=1)
