import pytest

from services.graph.domain.reading.decoding import decode_object, decode_page
from services.graph.domain.reading.kinds import KINDS, get_kind
from tests.support.kube_world import every_place


def test_null_in_place_of_a_field_with_a_default_is_read_as_absent():
    body = b'{"metadata": {"name": "web", "namespace": "shop", "labels": null}, "spec": null, "status": null}'
    pod = decode_object(get_kind("Pod"), body)
    assert (str(pod.ref), pod.labels) == ("Pod shop/web", {})


def test_null_deep_inside_costs_neither_the_object_nor_the_others():
    body = (
        b'{"metadata": {}, "items": [{"metadata": {"name": "a"}}, '
        b'{"metadata": {"name": "b"}, "spec": {"containers": [null, {"name": null, "image": "web:1"}]}}]}'
    )
    page = decode_page(get_kind("Pod"), body)
    assert ([pod.metadata.name for pod in page.objects], page.unreadable) == (["a", "b"], 0)
    assert [container.image for container in page.objects[1].spec.containers] == ["web:1"]


def test_an_object_of_any_kind_may_have_null_in_every_field_it_has():
    for kind in every_place():
        fields = ", ".join(f'"{name}": null' for name in kind.decoded.__struct_encode_fields__ if name != "metadata")
        thing = decode_object(kind, f'{{"metadata": {{"name": "one"}}{", " if fields else ""}{fields}}}'.encode())
        assert (thing.KIND, thing.metadata.name) == (kind.name, "one")


def test_a_list_of_any_kind_may_have_null_for_its_items():
    for kind in KINDS:
        assert decode_page(kind, b'{"metadata": {"continue": ""}, "items": null}').objects == []


@pytest.mark.parametrize(
    "body", [b"{}", b'{"error": "try later"}', b'{"kind": "Status", "metadata": {}}', b"[]", b"null"]
)
def test_json_that_is_no_list_is_no_empty_list(body):
    with pytest.raises(ValueError, match="no list"):
        decode_page(get_kind("Pod"), body)


def test_a_list_without_items_is_empty():
    assert decode_page(get_kind("Pod"), b'{"kind": "PodList", "metadata": {}}').objects == []
