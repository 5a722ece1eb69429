import pytest

from services.intake.domain.entities import Subject


def hints(**labels: str) -> list[tuple[str, str]]:
    return [(entity.kind, entity.name) for entity in Subject(labels).entities()]


@pytest.mark.parametrize(
    "label",
    [
        *("pod", "deployment", "statefulset", "daemonset", "replicaset", "cronjob", "container"),
        *("persistentvolumeclaim", "ingress", "horizontalpodautoscaler", "node", "persistentvolume", "namespace"),
    ],
)
def test_kube_state_metrics_label_names(label: str) -> None:
    assert (label, "x") in hints(**{label: "x"})


def test_the_scrape_job_is_no_kubernetes_job() -> None:
    assert hints(job="pay", job_name="backup") == [("job", "backup")]
    assert Subject({"job": "pay"}).service() is None


def test_nodes_have_no_namespace() -> None:
    [node, _] = Subject({"node": "n1", "namespace": "pay", "cluster": "lab"}).entities()

    assert (node.kind, node.namespace, node.cluster) == ("node", None, "lab")


def test_no_labels_name_nothing() -> None:
    assert hints() == []
    assert Subject({}).service() is None


def test_what_an_exporter_says_of_itself_is_put_aside() -> None:
    labels = {
        "job": "kube-state-metrics",
        "service": "prom-kube-state-metrics",
        "container": "kube-state-metrics",
        "namespace": "pay",
        "deployment": "checkout",
    }

    assert hints(**labels) == [("deployment", "checkout"), ("namespace", "pay")]
    assert Subject(labels).service() == "checkout"


def test_exported_labels_win_over_those_of_the_scrape_target() -> None:
    labels = {"namespace": "monitoring", "pod": "exporter-1", "exported_namespace": "pay", "exported_pod": "web-1"}

    assert hints(**labels) == [("pod", "web-1"), ("namespace", "pay")]


@pytest.mark.parametrize(
    ("instance", "job", "node"),
    [
        ("worker-1:9100", "node-exporter", "worker-1"),
        ("worker-1.example.com:9100", "node-exporter", "worker-1.example.com"),
        ("worker-1", "other", "worker-1"),
        ("10.0.0.7:9100", "node-exporter", None),
        ("127.0.0.1:80", "pay", None),
        ("checkout.pay.svc:8080", "pay", None),
        ("https://example.com/health", "blackbox", None),
        ("[::1]:9100", "node-exporter", None),
        ("", "x", None),
    ],
)
def test_an_instance_names_a_node_only_where_it_is_one(instance: str, job: str, node: str | None) -> None:
    found = dict(hints(instance=instance, job=job)).get("node")

    assert found == node


@pytest.mark.parametrize("label", ["service", "app", "app.kubernetes.io/name", "app_kubernetes_io_name", "deployment"])
def test_labels_that_name_the_service(label: str) -> None:
    assert Subject({label: "checkout"}).service() == "checkout"
