from pathlib import Path

import pytest

from services.gateway.settings import read_gateway_settings
from shared.errors import SettingsInvalid

LEAST = {"FAULTLINE_BROKER_URL": "redis://:hush@h/0", "FAULTLINE_DOOR_KEY": "secret-of-the-door"}


def test_defaults_stand_where_nothing_is_set():
    settings = read_gateway_settings(LEAST)

    assert (settings.host, settings.port, settings.threads) == ("127.0.0.1", 8080, 64)


def test_every_problem_is_named_at_once():
    with pytest.raises(SettingsInvalid) as refused:
        read_gateway_settings({"FAULTLINE_PORT": "x", "FAULTLINE_PROT": "1", "FAULTLINE_ADMIN_TOKEN": "short"})

    for word in ("FAULTLINE_PORT", "FAULTLINE_PROT", "FAULTLINE_ADMIN_TOKEN", "FAULTLINE_BROKER_URL"):
        assert word in refused.value.detail


def test_no_secret_is_shown():
    tokens = {"FAULTLINE_ADMIN_TOKEN": "an-admin-token-of-mine", "FAULTLINE_INTAKE_TOKEN": "an-intake-token-of-mine"}
    settings = read_gateway_settings({**LEAST, **tokens})

    for secret in ("hush", "secret-of-the-door", *tokens.values()):
        assert secret not in repr(settings)


@pytest.mark.parametrize("token", ["short", "with a space in its midst", "the-token-of-both-of-them"])
def test_an_intake_token_that_is_none_is_refused_and_not_repeated(token: str):
    admin = {"FAULTLINE_ADMIN_TOKEN": "the-token-of-both-of-them"}
    with pytest.raises(SettingsInvalid, match=r"FAULTLINE_INTAKE_TOKEN: .*must") as refused:
        read_gateway_settings({**LEAST, **admin, "FAULTLINE_INTAKE_TOKEN": token})

    assert token not in refused.value.detail


def signing_settings(tmp_path: Path, text: str):
    path = tmp_path / "signing.json"
    path.write_text(text)
    return read_gateway_settings({**LEAST, "FAULTLINE_GATEWAY_SIGNING_FILE": str(path)})


def test_the_signing_file_says_how_each_source_signs(tmp_path: Path):
    settings = signing_settings(
        tmp_path,
        """{"grafana": {"secret": "grafana-hush", "timestampHeader": "X-Time"},
            "sentry": {"secret": "sentry-hush"},
            "webhook": {"secret": "webhook-hush", "header": "X-Signature"}}""",
    )

    found = {name: (one.header, one.timestamp_header, one.signs_timestamp) for name, one in settings.signing.items()}
    assert found == {
        "grafana": ("X-Grafana-Alerting-Signature", "X-Time", True),
        "sentry": ("Sentry-Hook-Signature", "Sentry-Hook-Timestamp", False),
        "webhook": ("X-Signature", None, True),
    }
    assert "-hush" not in repr(settings) + repr(settings.signing)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "signing.json"),
        ("[]", "signing.json"),
        ('{"grafanna": {"secret": "secret-hush"}}', "grafanna"),
        ('{"grafana": {"secret": "secret-hush", "headr": "X"}}', "headr"),
        ('{"grafana": {"header": "X"}}', "secret"),
        ('{"grafana": {"secret": "hush"}}', "grafana.secret"),
        ('{"sentry": {"secret": 1234567890}}', "sentry.secret"),
        ('{"webhook": {"secret": "secret-hush", "header": "X Y"}}', "webhook.header"),
    ],
)
def test_a_signing_file_that_is_not_right_is_refused_without_its_secrets(tmp_path: Path, text: str, word: str):
    with pytest.raises(SettingsInvalid) as refused:
        signing_settings(tmp_path, text)

    assert refused.value.detail.startswith("FAULTLINE_GATEWAY_SIGNING_FILE: ")
    assert word in refused.value.detail
    assert "hush" not in refused.value.detail


def test_a_signing_file_that_is_not_there_is_refused():
    with pytest.raises(SettingsInvalid, match=r"SIGNING_FILE: /nowhere/x\.json cannot be read"):
        read_gateway_settings({**LEAST, "FAULTLINE_GATEWAY_SIGNING_FILE": "/nowhere/x.json"})


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://faultline.example.org", "https://faultline.example.org"),
        ("HTTPS://Faultline.example.org:443/", "https://faultline.example.org"),
        ("http://10.0.0.1:8080", "http://10.0.0.1:8080"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_the_public_url_is_read_as_browsers_write_an_origin(given: str, read: str):
    assert read_gateway_settings({**LEAST, "FAULTLINE_PUBLIC_URL": given}).public_url == read


@pytest.mark.parametrize(
    "given",
    ["faultline.example.org", "ftp://x", "https://", "https://x/app", "https://u:p@x", "https://x:y", "https://x?a"],
)
def test_what_is_no_public_url_is_refused(given: str):
    with pytest.raises(SettingsInvalid, match="FAULTLINE_PUBLIC_URL"):
        read_gateway_settings({**LEAST, "FAULTLINE_PUBLIC_URL": given})


def test_flower_is_named_by_an_address_that_a_link_may_lead_to():
    given = {**LEAST, "FAULTLINE_FLOWER_URL": "https://flower.example.org/work"}

    assert read_gateway_settings(given).flower_url == "https://flower.example.org/work"


@pytest.mark.parametrize("given", ["javascript:alert(1)", "flower:5555", "https://", "https://admin:pw@flower.example"])
def test_flower_by_another_address_is_refused(given: str):
    with pytest.raises(SettingsInvalid, match="FAULTLINE_FLOWER_URL"):
        read_gateway_settings({**LEAST, "FAULTLINE_FLOWER_URL": given})
