"""Addresses in text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.graph.domain.relations.addresses import MOST_CHARACTERS, find_addresses


def read(text: str) -> list[tuple[str, str | None, int | None]]:
    return [(one.service, one.namespace, one.port) for one in find_addresses(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis", [("redis", None, None)]),
        ("redis:6379", [("redis", None, 6379)]),
        ("REDIS:6379", [("redis", None, 6379)]),
        ("redis.data", [("redis", "data", None)]),
        ("redis.data.svc", [("redis", "data", None)]),
        ("redis.data.svc:6379", [("redis", "data", 6379)]),
        ("redis.data.svc.cluster.local", [("redis", "data", None)]),
        ("redis.data.svc.cluster.local.:6379", [("redis", "data", 6379)]),
        ("redis.data.svc.k8s.corp.local", [("redis", "data", None)]),
        ("redis-0.redis.data.svc.cluster.local:6379", [("redis", "data", 6379)]),
        ("http://catalogue", [("catalogue", None, None)]),
        ("https://catalogue/path/other:80?x=y", [("catalogue", None, None)]),
        ("http://catalogue:8080/a", [("catalogue", None, 8080)]),
        ("postgres://orders:secret@orders-db:5432/orders?sslmode=disable", [("orders-db", None, 5432)]),
        ("postgres://user:p=a,ss;w'ord@orders-db:5432/x".replace("'", ""), [("orders-db", None, 5432)]),
        ("jdbc:postgresql://orders-db:5432/orders", [("orders-db", None, 5432)]),
        ("mongodb://a:27017,b:27017/db", [("a", None, 27017), ("b", None, 27017)]),
        ("kafka-0.kafka:9092, kafka-1.kafka:9092", [("kafka-0", "kafka", 9092), ("kafka-1", "kafka", 9092)]),
        ("root:secret@tcp(mysql:3306)/shop", [("mysql", None, 3306)]),
        ("host=orders-db port=5432", [("host", None, None), ("orders-db", None, None), ("port", None, None)]),
        ("http://a:80|http://b:81", [("a", None, 80), ("b", None, 81)]),
        ("proxy_pass http://checkout:8080;", [("checkout", None, 8080)]),
        ("grpc.health.v1.Health", []),
        ("10.0.0.1:80", []),
        ("http://127.0.0.1:8080", []),
        ("localhost:5432", []),
        ("0.0.0.0", []),
        ("http://[::1]:80", []),
        ("www.example.com", [("example", "com", None)]),
        ("https://a.b.example.com/x", []),
        ("true", []),
        ("8080", []),
        ("30s", []),
        ("", []),
        ("redis:99999", []),
        ("nginx:1.25.3", []),
        ("file:///etc/web:80", []),
        ("unix:///run/web.sock", []),
        ("http://$(HOST):80/a", []),
        ("http://${HOST}:80/a", []),
        ("http://{{ .Values.host }}:80", []),
        ("under_score:80", []),
        ("-leading:80", []),
    ],
)
def test_what_is_read_of_a_text(text, expected):
    if text.startswith(("proxy", "host=")):
        assert set(expected) <= set(read(text))
    else:
        assert read(text) == expected


def test_what_stands_before_the_at_is_never_kept():
    (one,) = find_addresses("amqp://user:hunter2@rabbit:5672/vhost")

    assert "hunter2" not in repr(one)
    assert one.host == "rabbit"


@pytest.mark.parametrize(
    ("text", "cluster", "plain", "scheme"),
    [
        ("redis", False, False, False),
        ("redis:80", False, True, False),
        ("http://redis", False, True, True),
        ("redis.data", False, False, False),
        ("redis.data.svc", True, False, False),
        ("redis.data.svc.cluster.local", True, False, False),
        ("redis.data.svc.example.com", False, False, False),
    ],
)
def test_how_plainly_it_is_an_address(text, cluster, plain, scheme):
    (one,) = find_addresses(text)

    assert (one.is_cluster_name, one.is_plain, one.has_scheme) == (cluster, plain, scheme)


def test_each_address_is_told_once_and_a_document_is_not_read():
    assert len(find_addresses("http://a http://a")) == 1
    assert find_addresses("http://a " * MOST_CHARACTERS) == ()


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    for one in find_addresses(text):
        assert one.service
        assert one.host in text.lower()
        assert one.port is None or 0 < one.port < 65_536


_label = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(
    lambda text: text not in {"svc", "localhost"}
)


@given(_label, _label, st.integers(1, 65_535), st.sampled_from(["", "http://", "redis://u:p@", "tcp://"]))
def test_a_full_name_is_read_wherever_it_stands(service, namespace, port, before):
    text = f"--upstream={before}{service}.{namespace}.svc.cluster.local:{port}/path, next"

    assert (service, namespace, port) in read(text)
