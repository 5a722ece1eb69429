"""Faults of containers: images, commands, configuration, probes, memory, logs."""

from typing import Any

from scripts.demo_objects import ago, container, template
from tests.support.stranger_faults import FaultTable
from tests.support.stranger_shop import IMAGES, StrangerShop, add_job

CONTAINERS = FaultTable()
_of = CONTAINERS.of


def _waits(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


@_of("Deployment/cart", "ImagePullBackOff", asked="Service/cart")
def wrong_image_tag(shop: StrangerShop) -> None:
    shop.change("cart", image=f"{IMAGES}/cart:9.9.9")
    text = f'Back-off pulling image "{IMAGES}/cart:9.9.9": ErrImagePull: {IMAGES}/cart:9.9.9: not found'
    shop.fail("cart", _waits("ImagePullBackOff", text))
    shop.tell("cart", "Failed", text)


@_of("Deployment/cart", "ImagePullBackOff")
def wrong_image_tag_without_a_message(shop: StrangerShop) -> None:
    shop.fail("cart", _waits("ImagePullBackOff"))


@_of("Deployment/cart", "401 Unauthorized")
def registry_refuses_the_credentials(shop: StrangerShop) -> None:
    text = f'failed to pull image "{IMAGES}/cart:1.4.2": failed to authorize: 401 Unauthorized'
    shop.fail("cart", _waits("ErrImagePull", text))
    shop.tell("cart", "Failed", text)


@_of("Deployment/cart", "ErrImageNeverPull")
def image_policy_never(shop: StrangerShop) -> None:
    shop.change("cart", imagePullPolicy="Never")
    text = f'Container image "{IMAGES}/cart:1.4.2" is not present with pull policy of Never'
    shop.fail("cart", _waits("ErrImageNeverPull", text))


@_of("Deployment/catalog", "exec format error")
def image_of_another_platform(shop: StrangerShop) -> None:
    shop.crash("catalog", 1, "exec /app/catalog: exec format error")


@_of("Deployment/catalog", "no such file")
def wrong_command(shop: StrangerShop) -> None:
    shop.change("catalog", command=["/app/catalogue"])
    text = 'failed to create containerd task: exec: "/app/catalogue": stat /app/catalogue: no such file or directory'
    ended = {"exitCode": 128, "reason": "StartError", "message": text, "finishedAt": ago(2)}
    shop.fail("catalog", _waits("CrashLoopBackOff"), restarts=5, last={"terminated": ended})


@_of("Deployment/cart", "LOG_LEVEL")
def config_key_renamed(shop: StrangerShop) -> None:
    shop.get("ConfigMap", "cart-config")["data"] = {"LOGLEVEL": "info"}
    shop.fail("cart", _waits("CreateContainerConfigError", "couldn't find key LOG_LEVEL in ConfigMap shop/cart-config"))


@_of("Deployment/cart", "token")
def secret_key_renamed(shop: StrangerShop) -> None:
    shop.get("Secret", "cart-secret")["data"] = {"api-token": ""}
    shop.fail("cart", _waits("CreateContainerConfigError", "couldn't find key token in Secret shop/cart-secret"))


@_of("Deployment/cart", "cart-config")
def config_map_deleted(shop: StrangerShop) -> None:
    shop.drop("ConfigMap", "cart-config")
    shop.fail("cart", _waits("CreateContainerConfigError", 'configmap "cart-config" not found'))


@_of("Deployment/cart", "cart-config")
def config_map_deleted_and_no_status(shop: StrangerShop) -> None:
    shop.drop("ConfigMap", "cart-config")
    for pod in shop.made["cart"].pods:
        pod["status"] = {"phase": "Pending"}


@_of("Deployment/cart", "sessions")
def secret_volume_absent(shop: StrangerShop) -> None:
    shop.change_spec("cart", volumes=[{"name": "s", "secret": {"secretName": "cart-sessions"}}])
    shop.fail("cart", _waits("ContainerCreating"))
    shop.tell("cart", "FailedMount", 'MountVolume.SetUp failed for volume "s" : secret "cart-sessions" not found')


@_of("Deployment/catalog", "OOMKilled")
def memory_limit_too_low(shop: StrangerShop) -> None:
    shop.crash("catalog", 137, "loading the index", reason="OOMKilled")


@_of("Deployment/catalog", "exit code 2")
def crash_without_logs(shop: StrangerShop) -> None:
    shop.crash("catalog", 2)
    shop.logs.clear()


@_of("Deployment/catalog", "Liveness")
def liveness_probe_of_a_wrong_port(shop: StrangerShop) -> None:
    shop.change("catalog", livenessProbe={"httpGet": {"path": "/live", "port": 9999}, "periodSeconds": 10})
    shop.crash("catalog", 137, "INFO listening on 8080", "INFO SIGTERM, going down")
    shop.tell("catalog", "Unhealthy", "Liveness probe failed: dial tcp 10.244.1.12:9999: connect: connection refused")
    shop.tell("catalog", "Killing", "Container catalog failed liveness probe, will be restarted")


@_of("Deployment/catalog", asked="Service/catalog")
def readiness_path_answers_404(shop: StrangerShop) -> None:
    shop.fail("catalog", {"running": {"startedAt": ago(60)}})
    shop.tell("catalog", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404")


@_of("Deployment/catalog", "tartup")
def startup_probe_too_short(shop: StrangerShop) -> None:
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1, "failureThreshold": 2}
    shop.change("catalog", startupProbe=probe)
    shop.crash("catalog", 137, "INFO warming the cache: 12%")
    shop.tell("catalog", "Unhealthy", "Startup probe failed: connection refused")


@_of("Deployment/catalog", "migrate")
def init_container_fails(shop: StrangerShop) -> None:
    shop.change_spec("catalog", initContainers=[{"name": "migrate", "image": f"{IMAGES}/migrate:1"}])
    shop.fail("catalog", _waits("PodInitializing"))
    for pod in shop.made["catalog"].pods:
        ended = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": ago(2)}}
        pod["status"]["initContainerStatuses"] = [
            {"name": "migrate", "ready": False, "restartCount": 5, "image": "m", "imageID": "",
             "state": _waits("CrashLoopBackOff"), "lastState": ended}
        ]  # fmt: skip


@_of("Deployment/catalog", "proxy")
def sidecar_crashes(shop: StrangerShop) -> None:
    proxy = {"name": "proxy", "image": f"{IMAGES}/proxy:2"}
    for pod in shop.made["catalog"].pods:
        pod["spec"]["containers"] = [*pod["spec"]["containers"], proxy]
    shop.fail("catalog", {"running": {"startedAt": ago(60)}})
    for pod in shop.made["catalog"].pods:
        boxes = pod["status"]["containerStatuses"]
        boxes[0]["ready"] = True
        ended = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": ago(2)}}
        boxes.append({"name": "proxy", "ready": False, "restartCount": 7, "image": "p", "imageID": "",
                      "state": _waits("CrashLoopBackOff"), "lastState": ended})  # fmt: skip


@_of("Deployment/checkout", "orders-database")
def host_of_the_database_misspelt(shop: StrangerShop) -> None:
    shop.change("checkout", env=[{"name": "DB_HOST", "value": "orders-database.data.svc.cluster.local"}])
    shop.crash("checkout", 1, 'FATAL could not translate host name "orders-database.data.svc.cluster.local"'
               " to address: Name or service not known")  # fmt: skip


@_of("Deployment/checkout", "8081")
def wrong_port_of_a_callee(shop: StrangerShop) -> None:
    shop.change("checkout", env=[{"name": "CART_URL", "value": "http://cart:8081"}])
    shop.crash("checkout", 1, "FATAL dial tcp 10.96.40.21:8081: connect: connection refused (http://cart:8081)")


@_of("Deployment/checkout", "password authentication failed")
def wrong_password(shop: StrangerShop) -> None:
    shop.crash("checkout", 1, 'FATAL:  password authentication failed for user "shop"')


@_of("StatefulSet/data/orders-db", asked="Deployment/checkout")
def database_down(shop: StrangerShop) -> None:
    database_crashes(shop)
    shop.crash("checkout", 1, "FATAL dial tcp: connect to orders-db.data.svc.cluster.local:5432: connection refused")


def database_crashes(shop: StrangerShop) -> None:
    """Let the database crash-loop."""
    pod = shop.get("Pod", "orders-db-0", "data")
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": ago(2)}}
    pod["status"]["containerStatuses"][0].update(
        ready=False, restartCount=9, state=_waits("CrashLoopBackOff"), lastState=ended
    )
    for row in pod["status"]["conditions"]:
        if "Ready" in row["type"]:
            row.update(status="False")
    shop.get("StatefulSet", "orders-db", "data")["status"].update(readyReplicas=0, availableReplicas=0)
    for end in shop.slices("orders-db", "data")[0]["endpoints"]:
        end["conditions"] = {"ready": False}


@_of("StatefulSet/data/orders-db", asked="Deployment/checkout")
def database_down_and_callers_not_ready(shop: StrangerShop) -> None:
    database_crashes(shop)
    shop.fail("checkout", {"running": {"startedAt": ago(60)}})
    shop.log("checkout", "ERROR connect to orders-db.data.svc.cluster.local:5432: connection refused")


@_of("Deployment/payments/payments-api", asked="Deployment/checkout")
def callee_in_another_namespace_down(shop: StrangerShop) -> None:
    shop.crash("payments-api", 1, "panic: runtime error: index out of range")
    shop.fail("checkout", {"running": {"startedAt": ago(60)}})
    shop.log("checkout", "ERROR Get http://payments-api.payments.svc.cluster.local:8080/charge: connection refused")


@_of("Deployment/catalog", "forbidden")
def right_missing_for_a_controller(shop: StrangerShop) -> None:
    shop.crash("catalog", 1, 'E1123 configmaps is forbidden: User "system:serviceaccount:shop:default" cannot list '
               'resource "configmaps" in API group "" in the namespace "shop"')  # fmt: skip


@_of("Job/import", "1")
def job_reaches_its_backoff_limit(shop: StrangerShop) -> None:
    add_job(shop, "import", _job_template("import"), failed="BackoffLimitExceeded", pods=2)


@_of("Job/import", "DeadlineExceeded")
def job_reaches_its_deadline(shop: StrangerShop) -> None:
    add_job(shop, "import", _job_template("import"), failed="DeadlineExceeded", pods=1)


@_of("CronJob/report", asked="CronJob/report")
def cron_job_fails_each_night(shop: StrangerShop) -> None:
    shop.get("CronJob", "report")["status"]["lastSuccessfulTime"] = ago(72 * 60)
    shop.get("CronJob", "report")["status"]["lastScheduleTime"] = ago(50)
    for number, minutes in ((1, 100), (2, 50)):
        add_job(shop, f"report-2992400{number}", _job_template("report"), "report", minutes=minutes,
                failed="BackoffLimitExceeded")  # fmt: skip


def _job_template(name: str) -> dict[str, Any]:
    box = container(name, f"{IMAGES}/{name}:1.0.0", 8080)
    made = template({"app": name}, box)
    made["spec"]["restartPolicy"] = "Never"
    return made
