import json

from services.graph.adapters.home_namespace import home_namespace


def _kubeconfig(folder):
    contexts = [
        {"name": "shop", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
        {"name": "plain", "context": {"cluster": "c", "user": "u"}},
    ]
    file = folder / "config"
    file.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "shop",
                "contexts": contexts,
                "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
                "users": [{"name": "u", "user": {}}],
            }
        )
    )
    return file


def test_the_namespace_is_that_of_the_context(tmp_path):
    file = _kubeconfig(tmp_path)

    assert home_namespace(None, file) == "shop"
    assert home_namespace("shop", file) == "shop"


def test_a_context_that_names_none_and_one_that_is_not_there_work_in_default(tmp_path):
    file = _kubeconfig(tmp_path)

    assert home_namespace("plain", file) == "default"
    assert home_namespace("other", file) == "default"
    assert home_namespace(None, tmp_path / "nothing") == "default"
