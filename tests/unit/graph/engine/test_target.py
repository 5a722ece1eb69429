import pytest

from services.graph.domain.walking.target import NoSuchTarget, parse_target


@pytest.mark.parametrize(
    ("words", "kind", "name"),
    [
        (["deploy/checkout"], "Deployment", "checkout"),
        (["deployments.apps/checkout"], "Deployment", "checkout"),
        (["deployment.apps/checkout"], "Deployment", "checkout"),
        (["deployments.v1.apps/checkout"], "Deployment", "checkout"),
        (["pod", "checkout-1"], "Pod", "checkout-1"),
        (["Pods", "checkout-1"], "Pod", "checkout-1"),
        (["ing/web"], "Ingress", "web"),
        (["httproute.gateway.networking.k8s.io/web"], "HTTPRoute", "web"),
        (["node/n1"], "Node", "n1"),
    ],
)
def test_an_object_is_named_as_kubectl_takes_it(words, kind, name):
    found = parse_target(words)

    assert (found.kind.name, found.name) == (kind, name)


def test_no_words_name_nothing():
    assert parse_target([]) is None


@pytest.mark.parametrize(
    "words",
    [["checkout"], ["deploy/"], ["/checkout"], ["deploy/a", "b"], ["deploy", "a", "b"], ["banana/a"],
     ["deployments.batch/a"], ["deploy/a/b"], ["deploy", "a/b"]],
)  # fmt: skip
def test_what_names_no_object_is_refused(words):
    with pytest.raises(NoSuchTarget):
        parse_target(words)
