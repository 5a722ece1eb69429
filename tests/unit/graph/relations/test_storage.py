"""Claims, volumes, classes and attachments."""

import pytest

from tests.support.cluster import an_object
from tests.support.edges import FORBIDDEN, a_graph, edges_of, the_edge

CLAIM, VOLUME = "PersistentVolumeClaim shop/data", "PersistentVolume pv-1"
DEFAULT = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}


def a_claim(*, annotations: dict[str, str] | None = None, **spec: object) -> object:
    return an_object("PersistentVolumeClaim", "data", spec=spec, metadata={"annotations": annotations, "uid": "claim"})


def a_volume(claim: dict[str, object] | None = None, **spec: object) -> object:
    return an_object("PersistentVolume", "pv-1", spec={"claimRef": claim, **spec})


def a_class(name: str, **metadata: object) -> object:
    return an_object("StorageClass", name, metadata=metadata, provisioner="ebs.csi.aws.com")


OF_CLAIM = {"namespace": "shop", "name": "data", "uid": "claim"}


@pytest.mark.parametrize(
    ("claim_ref", "state", "word"),
    [
        (OF_CLAIM, "present", ""),
        ({**OF_CLAIM, "uid": "earlier"}, "absent", "earlier claim"),
        ({**OF_CLAIM, "name": "other"}, "absent", "another claim"),
        ({**OF_CLAIM, "namespace": "other"}, "absent", "another claim"),
        ({**OF_CLAIM, "uid": None}, "present", "reserved"),
        (None, "unknown", "does not name"),
    ],
)
def test_a_claim_is_bound_if_the_volume_names_its_uid(claim_ref, state, word):
    graph = a_graph(a_claim(volumeName="pv-1"), a_volume(claim_ref))

    edge = the_edge(graph, CLAIM, "bound_to", VOLUME)

    assert edge.state == state
    assert word in edge.note


@pytest.mark.parametrize(("unread", "state"), [({}, "absent"), ({"PersistentVolume": FORBIDDEN}, "unknown")])
def test_a_volume_that_was_not_seen(unread, state):
    graph = a_graph(a_claim(volumeName="pv-1"), unread=unread)

    assert the_edge(graph, CLAIM, "bound_to", VOLUME).state == state


@pytest.mark.parametrize(("unread", "state"), [({}, "absent"), ({"PersistentVolumeClaim": FORBIDDEN}, "unknown")])
def test_a_volume_shows_the_claim_it_belongs_to_if_that_was_not_seen(unread, state):
    graph = a_graph(a_volume(OF_CLAIM), unread=unread)

    edge = the_edge(graph, CLAIM, "bound_to", VOLUME)

    assert (edge.state, edge.provenance.field_path) == (state, "spec.claimRef.uid")


def test_a_volume_reserved_for_a_claim_is_not_bound_yet():
    assert the_edge(a_graph(a_claim(), a_volume(OF_CLAIM)), CLAIM, "bound_to", VOLUME).state == "unknown"


def test_a_claim_that_is_not_bound_has_no_volume():
    assert edges_of(a_graph(a_claim(), a_volume()), "bound_to") == []


def test_the_class_by_name():
    graph = a_graph(a_claim(storageClassName="fast"), a_class("fast"))
    assert the_edge(graph, CLAIM, "uses_class", "StorageClass fast").state == "present"
    graph = a_graph(a_claim(storageClassName="fast"))
    assert the_edge(graph, CLAIM, "uses_class", "StorageClass fast").state == "absent"
    graph = a_graph(a_claim(storageClassName="fast"), unread={"StorageClass": FORBIDDEN})
    assert the_edge(graph, CLAIM, "uses_class", "StorageClass fast").state == "unknown"


def test_no_class_named_means_the_default_one():
    graph = a_graph(a_claim(), a_class("slow"), a_class("usual", **DEFAULT))

    assert [str(edge.target) for edge in edges_of(graph, "uses_class")] == ["StorageClass usual"]


def test_of_several_defaults_the_newest_counts():
    graph = a_graph(
        a_claim(),
        a_class("old", creationTimestamp="2024-01-01T00:00:00Z", **DEFAULT),
        a_class("young", creationTimestamp="2025-01-01T00:00:00Z", **DEFAULT),
    )

    assert [str(edge.target) for edge in edges_of(graph, "uses_class")] == ["StorageClass young"]


@pytest.mark.parametrize("spec", [{"storageClassName": ""}, {"volumeName": "pv-1"}])
def test_an_empty_class_or_a_bound_claim_does_not_use_the_default(spec):
    assert edges_of(a_graph(a_claim(**spec), a_class("usual", **DEFAULT)), "uses_class") == []


def test_the_annotation_of_old_names_the_class():
    claim = a_claim(annotations={"volume.beta.kubernetes.io/storage-class": "fast"})

    assert [str(edge.target) for edge in edges_of(a_graph(claim), "uses_class")] == ["StorageClass fast"]


def test_a_bound_claims_class_is_a_word():
    graph = a_graph(a_claim(storageClassName="manual", volumeName="pv-1"), a_volume(OF_CLAIM))

    assert "a word to match by" in the_edge(graph, CLAIM, "uses_class", "StorageClass manual").note


def test_drivers_are_shown_where_they_are_registered():
    driver = an_object("CSIDriver", "ebs.csi.aws.com")
    volume = a_volume(csi={"driver": "ebs.csi.aws.com"}, storageClassName="fast")
    graph = a_graph(volume, a_class("fast"), driver)

    assert len(edges_of(graph, "served_by", target="CSIDriver ebs.csi.aws.com")) == 2
    assert the_edge(graph, VOLUME, "uses_class", "StorageClass fast").state == "present"
    assert edges_of(a_graph(volume, a_class("fast")), "served_by") == []


def test_an_attachment_ties_a_volume_to_a_node():
    spec = {"attacher": "d", "nodeName": "n1", "source": {"persistentVolumeName": "pv-1"}}
    attachment = an_object(
        "VolumeAttachment", "a", spec=spec, status={"attached": False, "attachError": {"message": "x"}}
    )
    graph = a_graph(attachment, a_volume(), unread={"Node": FORBIDDEN})

    edge = the_edge(graph, "VolumeAttachment a", "attaches", VOLUME)
    assert (edge.state, edge.note) == ("present", "attaching failed")
    assert the_edge(graph, "VolumeAttachment a", "attached_to", "Node n1").state == "unknown"
