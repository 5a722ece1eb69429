import pytest

from services.gateway.ui.pages.quickdx.kubectl import Named, NotNamed, find_kind, read_named
from services.graph.domain.reading import kinds


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("deploy/checkout -n shop --context prod", Named("Deployment", "checkout", "shop", "prod")),
        ("-n shop pod checkout-abc", Named("Pod", "checkout-abc", "shop")),
        ("$ kubectl describe svc/cart --namespace=shop", Named("Service", "cart", "shop")),
        ("kubectl get pods cart-1 -nshop -o yaml", Named("Pod", "cart-1", "shop")),
        ("kubectl -n shop logs checkout-abc -c app --tail 50 -f", Named("Pod", "checkout-abc", "shop")),
        ("kubectl logs deploy/checkout", Named("Deployment", "checkout")),
        ("kubectl exec -it cart-1 -n shop -- sh -c 'ls -n x'", Named("Pod", "cart-1", "shop")),
        ("k rollout status deployment/cart -n shop", Named("Deployment", "cart", "shop")),
        ("kubectl scale --replicas 3 sts/orders-db -n data", Named("StatefulSet", "orders-db", "data")),
        ("kubectl drain worker-1 --force", Named("Node", "worker-1")),
        ("deployments.apps/checkout", Named("Deployment", "checkout")),
        ("faultline dx node/worker-1 -n shop", Named("Node", "worker-1")),
        ("\n\n  po/x  \nsvc/y", Named("Pod", "x")),
        ("HTTPRoute/front -n shop", Named("HTTPRoute", "front", "shop")),
        ("Widget/one -n shop", Named("Widget", "one", "shop")),
    ],
)
def test_what_people_paste_names_one_object(text: str, named: Named):
    assert read_named(text) == named


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "Name one object"),
        ("kubectl get", "Name one object"),
        ("kubectl logs", "Name one object"),
        ("checkout", "is no KIND/NAME"),
        ("kubectl get pods a b", "several things"),
        ("a/b/c", "is no KIND/NAME"),
        ("deploy/", "is no KIND/NAME"),
        ("widget/one", "is no kind that is known"),
        ("pod 'x", "no end"),
    ],
)
def test_what_names_none_is_told_so(text: str, word: str):
    with pytest.raises(NotNamed, match=word):
        read_named(text)


@pytest.mark.parametrize("kind", [kind for kind in kinds.KINDS if find_kind(kind.plural)], ids=lambda kind: kind.plural)
def test_the_words_mean_what_they_mean_to_the_graph_worker(kind: kinds.Kind):
    meant = kinds.find_kind(kind.plural)

    assert meant is not None
    assert find_kind(kind.plural) == meant.name


@pytest.mark.parametrize("word", ["po", "deploy", "sts", "ds", "svc", "ing", "pvc", "no", "cm", "hpa", "netpol", "ns"])
def test_short_names_mean_what_they_mean_to_the_graph_worker(word: str):
    meant = kinds.find_kind(word)

    assert meant is not None
    assert find_kind(word) == meant.name
