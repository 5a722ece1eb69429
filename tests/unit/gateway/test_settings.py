import pytest

from services.gateway.settings import read_gateway_settings
from shared.errors import SettingsInvalid

LEAST = {"FAULTLINE_BROKER_URL": "redis://:hush@h/0", "FAULTLINE_DOOR_KEY": "door-secret"}


def test_defaults_stand_where_nothing_is_set():
    settings = read_gateway_settings(LEAST)

    assert (settings.host, settings.port, settings.threads) == ("127.0.0.1", 8080, 64)


def test_every_problem_is_named_at_once():
    with pytest.raises(SettingsInvalid) as refused:
        read_gateway_settings({"FAULTLINE_PORT": "x", "FAULTLINE_PROT": "1", "FAULTLINE_ADMIN_TOKEN": "short"})

    for word in ("FAULTLINE_PORT", "FAULTLINE_PROT", "FAULTLINE_ADMIN_TOKEN", "FAULTLINE_BROKER_URL"):
        assert word in refused.value.detail


def test_no_secret_is_shown():
    settings = read_gateway_settings({**LEAST, "FAULTLINE_ADMIN_TOKEN": "an-admin-token-of-mine"})

    for secret in ("hush", "door-secret", "an-admin-token-of-mine"):
        assert secret not in repr(settings)
