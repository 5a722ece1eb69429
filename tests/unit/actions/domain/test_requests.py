"""A request is always about one object, and its address leads nowhere else."""

import pytest

from services.actions.domain.kinds import NODE, POD
from services.actions.domain.requests import Method, Write


def a_deletion(kind=POD, namespace="shop", name="checkout-1"):
    return Write(method=Method.DELETE, kind=kind, namespace=namespace, name=name, body={})


def test_it_is_sent_to_one_object():
    assert a_deletion().path == "/api/v1/namespaces/shop/pods/checkout-1"
    assert a_deletion(NODE, None, "n1").path == "/api/v1/nodes/n1"


@pytest.mark.parametrize(
    "fields",
    [{"name": ""}, {"name": ".."}, {"name": "."}, {"namespace": ""}, {"namespace": None}, {"namespace": ".."}],
    ids=str,
)
def test_a_list_is_never_deleted_as_a_whole(fields):
    with pytest.raises(ValueError, match="name"):
        a_deletion(**fields).path  # noqa: B018 - the property raises.


@pytest.mark.parametrize("name", ["a/b", "../secrets/keys", "a?propagationPolicy=Orphan", "a#b", "a%2f"])
def test_a_name_stays_one_part_of_the_address(name):
    assert a_deletion(name=name).path.count("/") == 6
    assert not {"?", "#"} & set(a_deletion(name=name).path)
