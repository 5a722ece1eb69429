"""The inventory over HTTP: what it says of a server that is gone, and of one that knows the account no more."""

from services.graph.adapters.clusters import Clusters
from services.graph.handlers.take_inventory import take_inventory
from shared.adapters.clock import SystemClock
from tests.support.kube_api import TOKEN, serve_kube_api
from tests.support.kube_config_file import write_kubeconfig
from tests.support.kube_rights import all_rights, no_rights
from tests.support.kube_world import a_world


class Told:
    """Keeps nothing of what it is told."""

    def tell(self, share, note):
        """Nobody asks."""


def problems_of(file):
    """Return the problem of each context of a kubeconfig, by its name."""
    clusters = take_inventory(Clusters(file), SystemClock(), Told()).clusters
    return {one.context: one.problem for one in clusters}


def test_a_server_that_refuses_the_credentials_or_is_gone_is_a_problem_and_one_that_forbids_is_none(tmp_path):
    with (
        serve_kube_api(a_world(), all_rights()) as good,
        serve_kube_api(a_world(), no_rights()) as strict,
        serve_kube_api(a_world(), all_rights()) as dies,
    ):
        known = {"good": good, "strict": strict, "dies": dies}
        servers = {name: (api.url, {"token": TOKEN}) for name, api in known.items()}
        file = write_kubeconfig(tmp_path / "kubeconfig", servers | {"stranger": (good.url, {"token": "expired"})})
        before = problems_of(file)
    after = problems_of(file)

    assert "credentials" in before.pop("stranger")
    assert before == {"good": "", "strict": "", "dies": ""}
    assert "nobody listens" in after["dies"]
