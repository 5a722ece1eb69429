"""What the form of a proposal begins with, by what an incident names."""

from typing import Any

import pytest

from services.gateway.ui.actions.beginning import begin

SHOP = {"context": "prod", "namespace": "shop"}


def thing(kind: str, name: str, namespace: str | None = "shop", cluster: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "name": name, "namespace": namespace, "cluster": cluster}


def an_incident(
    *entities: dict[str, Any], blamed: tuple[dict[str, Any], ...] = (), context: str = "", **labels: str
) -> dict[str, Any]:
    return {
        "labels": labels,
        "entities": list(entities),
        "hypotheses": [{"culprit": one} for one in blamed] + [{"culprit": None}],
        "diagnoses": [],
        "investigation": {"context": context} if context else None,
    }


def test_an_incident_that_names_nothing_fills_in_nothing():
    assert begin(an_incident(), "restart", {}, ()) == {"context": "", "namespace": ""}


def test_labels_say_where_and_the_one_object_that_the_verb_is_of_is_meant():
    incident = an_incident(
        thing("pod", "checkout-1"), thing("service", "checkout"), cluster="prod", namespace="shop"
    ) | {"diagnoses": [{"resource": thing("Deployment", "checkout")}]}

    assert begin(incident, "restart", {}, ()) == SHOP | {"kind": "Deployment", "name": "checkout"}
    assert begin(incident, "delete-pod", {}, ()) == SHOP | {"kind": "Pod", "name": "checkout-1"}
    assert begin(incident, "delete", {}, ()) == SHOP
    assert begin(incident, "drain", {}, ()) == {"context": "prod"}


def test_of_two_objects_neither_is_meant():
    incident = an_incident(blamed=(thing("Deployment", "checkout"), thing("StatefulSet", "db")), cluster="prod")

    assert begin(incident, "restart", {}, ()) == SHOP
    assert begin(incident, "pause", {}, ()) == SHOP | {"kind": "Deployment", "name": "checkout"}


def test_the_namespace_is_that_of_the_object_whatever_the_label_says():
    incident = an_incident(blamed=(thing("Deployment", "checkout", "pay"),), namespace="shop", cluster="prod")

    assert begin(incident, "restart", {}, ())["namespace"] == "pay"


@pytest.mark.parametrize(
    ("incident", "clusters", "context"),
    [
        (an_incident(cluster="prod", context="admin@prod"), (), "admin@prod"),
        (an_incident(thing("pod", "a", cluster="eu"), cluster="prod"), (), "prod"),
        (an_incident(thing("pod", "a", cluster="eu"), thing("pod", "b", cluster="eu")), (), "eu"),
        (an_incident(thing("pod", "a", cluster="eu"), thing("pod", "b", cluster="us")), ("us",), ""),
        (an_incident(), ("only",), "only"),
        (an_incident(), ("one", "two"), ""),
    ],
    ids=["investigated", "label", "entities", "two are named", "one can be changed", "two can be changed"],
)
def test_which_cluster_is_meant(incident: dict[str, Any], clusters: tuple[str, ...], context: str):
    assert begin(incident, "restart", {}, clusters)["context"] == context


def test_what_an_address_says_stays_and_one_that_names_an_object_gets_no_namespace():
    """As an action that is proposed again, of an object that has none."""
    incident = an_incident(thing("Deployment", "checkout"), cluster="prod", namespace="shop")

    assert begin(incident, "patch", {"kind": "ClusterRole", "name": "reader"}, ()) == {"context": "prod"}
    assert begin(incident, "restart", {"name": "other", "context": "lab", "namespace": "x"}, ()) == {}
    assert begin(incident, "restart", {"context": "lab", "namespace": "x", "name": ""}, ()) == {}
    assert begin(incident, "restart", {"kind": "StatefulSet"}, ()) == SHOP


def test_another_verb_takes_the_object_that_it_is_of_and_leaves_none_that_it_is_not():
    """Else the form would name a Pod as a Deployment is called."""
    incident = an_incident(thing("Deployment", "checkout"), thing("Pod", "checkout-1"), cluster="prod")
    given = SHOP | {"kind": "Deployment", "name": "checkout"}

    pod = {"kind": "Pod", "name": "checkout-1", "namespace": "shop"}
    assert begin(incident, "evict", given, ()) == pod
    assert begin(incident, "scale", given, ()) == {}
    assert begin(incident, "cordon", given, ()) == {"name": ""}
    assert begin(incident, "evict", given | {"name": "mine"}, ()) == {}
    assert begin(incident, "evict", SHOP | {"kind": "Deployment", "name": ""}, ()) == pod
    assert begin(incident, "evict", given | {"namespace": "other"}, ()) == {"name": ""}
