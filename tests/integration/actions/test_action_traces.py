"""An action's trace: from who asks for it, through the worker that does it, to the look whether it helped."""

from pathlib import Path

from tests.support.action_desk import CONTEXT
from tests.support.action_site import running_site
from tests.support.kube_rights import all_rights
from tests.support.kube_small_cluster import SHOP, a_cluster
from tests.support.kube_writes import serve_writable_kube
from tests.support.trace_files import chain, one_named, read_spans, trace_of
from tests.support.waiting import wait_until

ACTIONS = "/api/incidents/<incident_id>/actions/<action_id>"
SCALE = {
    "verb": "scale",
    "context": CONTEXT,
    "namespace": SHOP,
    "kind": "Deployment",
    "name": "checkout",
    "parameters": {"replicas": 6},
}


def test_an_execution_is_one_trace_and_so_is_the_look_that_follows_it(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    traced = {"FAULTLINE_TRACES": f"file:{file}"}
    with (
        serve_writable_kube(a_cluster(), all_rights()) as kube,
        running_site(tmp_path, kube, **traced) as site,
    ):
        site.worker_settings = traced
        site.start_worker()
        desk = site.desk()
        incident = desk.open_incident()
        path = desk.approved(incident, SCALE)
        job_id = desk.execute(path)

        wait_until(lambda: any(one.get("result") == "action_verified" for one in read_spans(file)), "a look")
        spans = trace_of(file, job_id)
        executed = chain(spans, one_named(spans, f"POST {ACTIONS}/execute"), "actions.execute_action")[2]
        looked = chain(spans, executed, "actions.verify_action")[2]

        assert executed.get("incident_id") == looked.get("incident_id") == incident.rpartition("/")[2]
        assert (executed.get("result"), looked.get("result")) == ("action_done", "action_verified")
