"""What is written to a file holds no secret, and keeps what is evidence."""

import pytest

from services.graph.domain.reading.redaction import redact_line, redact_object
from services.graph.domain.reading.secret_shapes import is_secret_name

# Parts of made-up secrets are joined here, so that no scanner takes them for real ones.
SECRETS = {
    "a private key": ("-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----", "MIIE"),
    "a JSON web token": ("token is eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0.dozjgNryP4J3", "eyJzdWIi"),
    "an AWS key": ("key AKIA" + "IOSFODNN7EXAMPLE was used", "IOSFODNN7"),
    "a GitHub token": ("clone with ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8", "a1B2c3D4"),
    "a GitLab token": ("glpat-" + "x1Y2z3A4b5C6d7E8f9G0", "x1Y2z3"),
    "a Slack token": ("xoxb-" + "123456789012-abcdefghijkl", "abcdefghijkl"),
    "a Stripe key": ("sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", "4eC39Hq"),
    "a Google key": ("AIza" + "SyA1234567890abcdefghijklmnopqrstuv", "SyA12345"),
    "an account in a URL": ("postgres://shop:hunter22@orders-db:5432/orders?sslmode=off", "hunter22"),
    "a bearer header": ("Authorization: Bearer abcdef0123456789", "abcdef0123"),
    "a key in a query": ("GET /v1/charge?api_key=abcd1234efgh&amount=3", "abcd1234efgh"),
    "a password in JSON": ('{"host": "db", "password": "correct horse"}', "correct horse"),
    "a password in YAML": ("database:\n  host: db\n  password: hunter22\n", "hunter22"),
    "a password in properties": ("spring.datasource.password=hunter22", "hunter22"),
    "a driver's account": ("shop:hunter22@tcp(orders-db:3306)/orders", "hunter22"),
    "a registry's account": ('{"auths":{"r.example":{"auth":"dXNlcjpodW50ZXIyMg=="}}}', "dXNlcjpo"),
}


@pytest.mark.parametrize(("text", "secret"), SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_masked_wherever_it_stands(text, secret):
    assert secret in text
    pod = {
        "metadata": {"name": "p", "annotations": {"note": text}},
        "spec": {"containers": [{"args": [text], "env": [{"name": "SETTING", "value": text}]}]},
        "status": {"message": text},
    }
    assert secret not in redact_line(text)
    assert secret not in str(redact_object("Pod", pod))
    assert secret not in str(redact_object("ConfigMap", {"data": {"file": text}}))


@pytest.mark.parametrize(
    "text",
    [
        'could not translate host name "orders-db.dta" to address: Name or service not known',
        'password authentication failed for user "shop"',
        "dial tcp 10.96.0.17:5432: connect: connection refused",
        "http://cart.shop.svc:8080/items?user=a@b.example",
        "redis://cart-cache:6379/0",
        'secret "orders-db-password" not found',
        "may require authorization: authorization failed: no basic auth credentials",
        "MountVolume.SetUp failed for volume kube-api-access: token expired",
        "registry.example.com/shop/checkout:2.14.0@sha256:9f86d081884c7d659a2feaa0c55ad015",
        "TOKEN_URL=https://login.example/token",
        "PASSWORD_FILE=/run/secrets/password",
        "DB_PASSWORD=$(ORDERS_DB_PASSWORD)",
    ],
)
def test_evidence_is_kept_as_it_is(text):
    assert redact_line(text) == text


def test_a_url_keeps_host_port_and_path():
    assert redact_line("postgres://shop:hunter22@orders-db:5432/orders") == "postgres://***:***@orders-db:5432/orders"
    assert redact_line("redis://:hunter22@cache:6379/0") == "redis://***:***@cache:6379/0"


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "dbPassword",
        "password",
        "PGPASSWD",
        "API_KEY",
        "apiKey",
        "stripe-api-key",
        "GITHUB_TOKEN",
        "clientSecret",
        "AUTHORIZATION",
        "aws_secret_access_key",
        "SMTP_PASS",
        "REDIS_AUTH",
        "private.key.pem",
        "CREDENTIALS_JSON",
        ".dockerconfigjson",
    ],
)
def test_a_name_of_a_secret_is_known(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "TOKEN_URL",
        "PASSWORD_FILE",
        "SECRET_NAME",
        "AUTH_HOST",
        "DB_HOST",
        "AUTHOR",
        "KEYBOARD",
        "compass",
        "TOKEN_TTL_SECONDS",
        "monkey.key",
        "PARTITION_KEY",
    ],
)
def test_a_name_of_something_else_is_not(name):
    assert not is_secret_name(name)


def test_values_of_a_secret_are_left_out_and_its_keys_stay():
    secret = {
        "metadata": {"name": "s", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "c2VjcmV0"}},
        "type": "Opaque",
        "data": {"password": "c2VjcmV0", "user": "c2hvcA=="},
        "stringData": {"more": "c2VjcmV0"},
        "unheardOf": {"value": "c2VjcmV0"},
    }
    redacted = redact_object("Secret", secret)
    assert redacted["data"] == {"password": "", "user": ""}
    assert redacted["type"] == "Opaque"
    assert "c2VjcmV0" not in str(redacted)


def test_values_are_masked_by_their_name():
    env = [
        {"name": "DB_PASSWORD", "value": "x"},
        {"name": "DB_HOST", "value": "orders-db:5432"},
        {"name": "DEBUG_TOKENS", "value": "true"},
        {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "orders-db", "key": "password"}}},
    ]
    redacted = redact_object("Pod", {"spec": {"containers": [{"name": "c", "env": env}]}})
    assert redacted["spec"]["containers"][0]["env"] == [{"name": "DB_PASSWORD", "value": "***"}, *env[1:]]
    config = redact_object("ConfigMap", {"data": {"api_key": "x", "ORDERS_DB_HOST": "orders-db.data.svc:5432"}})
    assert config["data"] == {"api_key": "***", "ORDERS_DB_HOST": "orders-db.data.svc:5432"}


def test_the_word_after_an_option_is_masked():
    args = ["server", "--db-password", "hunter22", "--verbose", "--token=abc", "--config", "/etc/app.yaml"]
    redacted = redact_object("Pod", {"spec": {"containers": [{"args": args}]}})
    assert redacted["spec"]["containers"][0]["args"] == [
        "server", "--db-password", "***", "--verbose", "--token=***", "--config", "/etc/app.yaml",
    ]  # fmt: skip


def test_which_fields_a_manager_owns_is_dropped_and_when_it_wrote_stays():
    managed = [
        {"manager": "kubectl", "operation": "Update", "time": "2026-11-23T12:00:00Z", "fieldsV1": {"f:spec": {}}}
    ]
    redacted = redact_object("Deployment", {"metadata": {"name": "d", "managedFields": managed}})
    assert redacted["metadata"]["managedFields"] == [
        {"manager": "kubectl", "operation": "Update", "time": "2026-11-23T12:00:00Z"}
    ]


@pytest.mark.parametrize("item", [{}, {"metadata": None}, {"metadata": {"annotations": None}}, {"data": None}])
def test_nulls_are_no_trouble(item):
    assert redact_object("ConfigMap", item) == item
