"""Whom a workload calls, as its configuration says."""

import pytest

from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.relations.call_words import is_address_name, is_other_name
from services.graph.domain.relations.calls import Call, calls_of
from tests.support.cluster import an_inventory, an_object
from tests.support.edges import FORBIDDEN, a_graph, edges_of, owned_by, the_edge


def a_service(name: str = "redis", namespace: str = "shop", port: int = 6379, **spec: object) -> KubeObject:
    return an_object("Service", name, namespace, spec={"ports": [{"port": port}], "selector": {"app": name}, **spec})


def a_web(
    *, labels: dict[str, str] | None = None, spec: dict[str, object] | None = None, **container: object
) -> KubeObject:
    pod = {"containers": [{"name": "c", **container}], **(spec or {})}
    return an_object("Deployment", "web", spec={"template": {"metadata": {"labels": labels or {}}, "spec": pod}})


def env(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def calls(thing: KubeObject, *objects: KubeObject, **unread: object) -> list[Call]:
    return list(calls_of(an_inventory(thing, *objects, **unread), thing))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_ADDR", "redis:6379"),
        ("REDIS_HOST", "redis"),
        ("CACHE", "redis"),
        ("ANYTHING", "redis:6379"),
        ("CACHE_URL", "redis://redis"),
        ("CACHE_URL", "redis://user:secret@redis:6379/0"),
        ("REDIS", "redis.shop"),
        ("REDIS", "redis.shop.svc"),
        ("REDIS", "redis.shop.svc.cluster.local:6379"),
        ("REDIS", "redis-0.redis"),
        ("REDIS", "redis-0.redis.shop"),
    ],
)
def test_a_variable_that_names_a_service_is_a_call(name, value):
    (call,) = calls(a_web(env=env(**{name: value})), a_service())

    assert (str(call.target), call.state, call.note) == ("Service shop/redis", "present", "")
    assert call.source_field == "spec.template.spec.containers[0].env[0].value"
    assert "secret" not in repr(call)
    assert call.confidence < 0.9


def test_the_edge_says_that_it_is_meant_and_not_seen():
    edge = the_edge(
        a_graph(a_web(env=env(A="redis:6379")), a_service()), "Deployment shop/web", "calls", "Service shop/redis"
    )

    assert (edge.state, edge.layer, edge.confidence) == ("present", "app", 0.7)
    assert "not seen" in edge.rationale


@pytest.mark.parametrize(
    ("name", "value", "port"),
    [
        ("DATABASE_URL", "postgres://orders-database:5432/orders", 5432),
        ("REDIS_ADDR", "orders-database:6379", 6379),
        ("DB_HOST", "orders-database", None),
        ("dbHost", "orders-database", None),
        ("X", "orders-database.shop.svc.cluster.local", None),
        ("X", "http://orders-database.shop", None),
        ("WHATEVER", "orders-database:5432", 5432),
    ],
)
def test_an_address_of_a_service_that_is_not_there_is_an_absent_call(name, value, port):
    web = a_web(env=env(**{name: value}))

    (call,) = calls(web, a_service())

    assert (str(call.target), call.state, call.port) == ("Service shop/orders-database", "absent", port)
    (unknown,) = calls(web, a_service(), unread={"Service": FORBIDDEN})[:1] or [None]
    assert unknown is None or unknown.state == "unknown"


def test_a_service_of_a_namespace_that_is_not_there_is_absent():
    (call,) = calls(a_web(env=env(A="redis.nowhere.svc")), a_service())

    assert (str(call.target), call.state) == ("Service nowhere/redis", "absent")


def test_services_that_may_not_be_read_are_unknown():
    (call,) = calls(a_web(env=env(REDIS_ADDR="redis:6379")), unread={"Service": FORBIDDEN})

    assert call.state == "unknown"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "debug"),
        ("MODE", "cluster"),
        ("FEATURE", "on"),
        ("TIMEOUT", "30s"),
        ("PORT", "8080"),
        ("IMAGE", "busybox:136"),
        ("APP_VERSION", "web:12"),
        ("API_URL", "https://api.example.com/v1"),
        ("API_URL", "https://example.com"),
        ("API_URL", "https://www.example.dev"),
        ("EXTERNAL_URL", "https://shop.io"),
        ("DB_HOST", "localhost"),
        ("DB_HOST", "10.1.2.3"),
        ("LISTEN_ADDR", "web"),
        ("HOST", "production"),
        ("BIND_ADDRESS", "eth0"),
        ("ADMIN_EMAIL_ADDRESS", "me"),
        ("CONFIG", "/etc/web/config.yaml"),
        ("JSON", '{"a": {"b": 1}}'),
        ("PATTERN", "^a:[0-9]+$"),
        ("CRON", "5 * * * *"),
        ("PASSWORD", "secret:1234"),
        ("RANGE", "a:5"),
        ("EMPTY", ""),
        ("DATABASE_DSN", "root:secret@tcp(10.0.0.1:3306)/shop"),
        ("DATABASE_URL", "host=10.0.0.1 user=app dbname=orders"),
    ],
)
def test_what_is_no_address_of_the_cluster_is_no_call(name, value):
    assert calls(a_web(env=env(**{name: value})), a_service()) == []


@pytest.mark.parametrize("name", ["DB_NAME", "DATABASE", "LOG_LEVEL", "APP_ENV", "QUEUE", "REDIS_USER"])
def test_a_word_that_happens_to_be_a_services_name_is_no_call(name):
    assert calls(a_web(env=env(**{name: "redis"})), a_service()) == []


def test_a_domain_is_not_a_namespace_of_that_name():
    services = [a_service("x", "dev"), an_object("Namespace", "dev")]

    assert calls(a_web(env=env(API_URL="https://example.dev")), *services) == []


def test_a_service_of_the_same_name_in_another_namespace_is_not_called():
    assert calls(a_web(env=env(CACHE="redis")), a_service(namespace="other")) == []


@pytest.mark.parametrize(
    ("value", "note"), [("redis:6379", ""), ("redis", ""), ("redis:6380", "the Service has no port 6380")]
)
def test_a_port_the_service_lacks_is_told(value, note):
    assert [call.note for call in calls(a_web(env=env(A=value)), a_service())] == [note]


def test_a_headless_service_is_called_on_the_ports_of_its_pods():
    assert calls(a_web(env=env(A="redis:6380")), a_service(clusterIP="None"))[0].note == ""


def test_a_workload_does_not_call_itself():
    web = a_web(labels={"app": "redis", "x": "y"}, env=env(PEERS="redis-0.redis:6379", REDIS_ADDR="redis:6379"))

    assert calls(web, a_service()) == []


def test_names_of_the_pods_own_hosts_file_are_no_services():
    web = a_web(env=env(DB_HOST="legacy-db"), spec={"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["legacy-db"]}]})

    assert calls(web) == []


@pytest.mark.parametrize(
    "container",
    [
        {"args": ["--redis=redis:6379"]},
        {"args": ["--redis-addr", "redis"]},
        {"args": ["-h", "redis"]},
        {"command": ["sh", "-c", "until nc -z redis 6379; do sleep 1; done"]},
        {"command": ["curl", "http://redis:6379/"]},
        {"args": ["redis:6379"]},
    ],
)
def test_commands_and_arguments_call(container):
    assert [call.target.name for call in calls(a_web(**container), a_service())] == ["redis"]


@pytest.mark.parametrize(
    "container",
    [
        {"command": ["redis"]},
        {"args": ["redis", "start"]},
        {"args": ["--image=redis:6379"]},
        {"args": ["cache:6379"]},
        {"args": ["--name", "gone"]},
        {"command": ["sh", "-c", "exec gone --port 80"]},
    ],
)
def test_words_of_a_command_are_no_calls_for_being_words(container):
    assert calls(a_web(**container), a_service()) == []


def test_variables_are_filled_in_as_the_kubelet_does():
    web = a_web(
        env=env(
            HOST_PART="redis", PORT_PART="6379", REDIS="$(HOST_PART):$(PORT_PART)", LOST_URL="http://$(NOWHERE):80"
        ),
        args=["--addr=$(REDIS)"],
    )

    assert [(call.target.name, call.port) for call in calls(web, a_service())] == [("redis", None), ("redis", 6379)]


CONFIG = an_object(
    "ConfigMap", "settings", data={"REDIS_ADDR": "redis:6379", "app.yaml": "cache:\n  host: redis\n  name: redis\n"}
)


@pytest.mark.parametrize(
    ("container", "spec", "path"),
    [
        ({"envFrom": [{"configMapRef": {"name": "settings"}}]}, {}, "envFrom[0].configMapRef[REDIS_ADDR]"),
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "REDIS_ADDR"}}}]},
            {},
            "env[0].value",
        ),
        ({}, {"volumes": [{"name": "v", "configMap": {"name": "settings"}}]}, "volumes[0].configMap[REDIS_ADDR]"),
        (
            {},
            {"volumes": [{"name": "v", "projected": {"sources": [{"configMap": {"name": "settings"}}]}}]},
            "volumes[0].projected.sources[0].configMap[REDIS_ADDR]",
        ),
        (
            {},
            {
                "volumes": [
                    {"name": "v", "configMap": {"name": "settings", "items": [{"key": "app.yaml", "path": "a"}]}}
                ]
            },
            "volumes[0].configMap[app.yaml]",
        ),
    ],
)
def test_what_a_pod_reads_of_config_maps_calls(container, spec, path):
    found = calls(a_web(spec=spec, **container), a_service(), CONFIG)

    assert {call.target.name for call in found} == {"redis"}
    assert any(call.source_field.endswith(path) for call in found)


def test_a_config_map_that_is_not_used_calls_nobody():
    assert calls(a_web(), a_service(), CONFIG) == []


def test_files_name_what_is_missing_only_in_full():
    data = {
        "nginx.conf": "server {\n proxy_pass http://gone:80;\n proxy_pass http://lost.shop.svc:80;\n # http://note.shop.svc\n}"
    }
    web = a_web(spec={"volumes": [{"name": "v", "configMap": {"name": "c"}}]})

    found = calls(web, an_object("ConfigMap", "c", data=data))

    assert [(call.target.name, call.state) for call in found] == [("lost", "absent")]


def test_init_containers_call():
    spec = {"initContainers": [{"name": "wait", "env": env(A="redis:6379")}]}

    assert calls(a_web(spec=spec), a_service())[0].source_field == "spec.template.spec.initContainers[0].env[0].value"


def test_the_edge_is_the_workloads_not_its_pods():
    web = a_web(env=env(A="redis:6379"))
    made = an_object("ReplicaSet", "web-1", metadata=owned_by(web), spec={"template": web.spec and {"spec": {}}})
    pod = an_object("Pod", "web-1-a", metadata=owned_by(made), spec={"containers": [{"env": env(A="redis:6379")}]})

    assert [str(edge.source) for edge in edges_of(a_graph(web, made, pod, a_service()), "calls")] == [
        "Deployment shop/web"
    ]


def test_pods_whose_maker_was_not_read_call_themselves():
    web = a_web()
    pod = an_object("Pod", "web-a", metadata=owned_by(web), spec={"containers": [{"env": env(A="redis:6379")}]})
    graph = a_graph(web, pod, a_service(), unread={"Deployment": FORBIDDEN})

    assert [str(edge.source) for edge in edges_of(graph, "calls")] == ["Pod shop/web-a"]


def test_a_service_is_one_edge_and_one_more_for_a_wrong_port():
    graph = a_graph(a_web(env=env(A="redis", B="redis:6379", C="redis:1", D="redis:1")), a_service())

    assert [edge.note for edge in edges_of(graph, "calls")] == ["", "the Service has no port 1"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DB_HOST", True),
        ("dbHost", True),
        ("db.host", True),
        ("catalogue-url", True),
        ("API_ENDPOINT", True),
        ("CART_SERVICE_ADDR", True),
        ("DB_HOSTNAME", True),
        ("DB_HOST_1", True),
        ("HOST", False),
        ("HOSTNAME", False),
        ("GHOST", False),
        ("LISTEN_HOST", False),
        ("SERVER_TIMEOUT", False),
        ("URL_PREFIX", False),
        ("EMAIL_ADDRESS", False),
    ],
)
def test_which_variables_hold_addresses(name, expected):
    assert is_address_name(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"), [("DB_NAME", True), ("logLevel", True), ("DB_HOST_NAME", False), ("CACHE", False)]
)
def test_which_variables_hold_something_else(name, expected):
    assert is_other_name(name) is expected
