import pytest

from services.graph.domain.walking.called_services import called_services
from tests.support.cluster import an_inventory, an_object

SERVICES = [an_object("Service", "cart"), an_object("Service", "ledger", "payments")]


def _called(container, *more):
    pod = an_object("Pod", "p", spec={"containers": [{"name": "app", **container}]})
    return [str(one.ref) for one in called_services(an_inventory(pod, *SERVICES, *more), pod)]


@pytest.mark.parametrize(
    "value",
    ["cart", "cart:7070", "http://cart/path", "http://user:pw@cart:80", "cart.shop.svc.cluster.local:80", "cart.shop"],
)
def test_a_service_is_called_by_an_address_in_the_environment(value):
    assert _called({"env": [{"name": "CART_ADDR", "value": value}]}) == ["Service shop/cart"]


def test_a_service_of_another_namespace_is_called_by_its_long_name():
    assert _called({"args": ["--ledger=http://ledger.payments.svc:9000"]}) == ["Service payments/ledger"]
    assert _called({"args": ["--ledger=http://ledger:9000"]}) == []


def test_configuration_is_read_where_the_pod_takes_it_from():
    config = an_object("ConfigMap", "c", data={"CART": "cart:80", "OTHER": "x"})

    assert _called({"envFrom": [{"configMapRef": {"name": "c"}}]}, config) == ["Service shop/cart"]
    key = {"valueFrom": {"configMapKeyRef": {"name": "c", "key": "OTHER"}}}
    assert _called({"env": [{"name": "A", **key}]}, config) == []


@pytest.mark.parametrize("value", ["add to cart now", "cartoon:80", "https://cart.example.com/", "my-cart:80", ""])
def test_words_that_merely_look_alike_call_nothing(value):
    assert _called({"env": [{"name": "TEXT", "value": value}]}) == []
