import msgspec
import pytest

from services.gateway.domain.records import AUDIT_TYPES, Delivery, DeliveryState, Job, JobState, Role, Scope
from services.gateway.ui.pages.operations import access, audit, mapping
from shared.contracts.mapping import MAPPING_FIELDS
from tests.support.builders import a_job
from tests.support.gateway import GatewayUnderTest, a_gateway

HOSTILE = "<img src=x onerror=alert(1)>"
PAGES = (
    "/operations",
    "/operations/deliveries",
    "/operations/rules",
    "/operations/rules/versions",
    "/operations/rules/edit",
    "/operations/rules/mapping",
    "/operations/silences",
    "/operations/silences/new",
    "/operations/silences/new?kind=maintenance_window",
    "/operations/noise",
    "/operations/health",
    "/operations/tokens",
)
PARTS = (
    "/operations/jobs/board",
    "/operations/jobs/list?state=failed",
    "/operations/deliveries/board",
    "/operations/silences/board",
    "/operations/health/board",
    "/operations/tokens/board",
)


def a_dead_letter(**fields: object) -> Job:
    return a_job(state=JobState.FAILED, attempt=3, error=HOSTILE, **fields)


def put(gw: GatewayUnderTest, *records: object) -> None:
    gw.store.transact(lambda tx: [tx.put(record) for record in records])


def test_every_page_is_made_on_an_empty_product_for_every_role(gw: GatewayUnderTest):
    made = {(role, path): gw.get(path, role=role) for role in (Role.VIEWER, Role.ADMIN) for path in PAGES}

    assert {key: answer.status_code for key, answer in made.items() if answer.status_code != 200} == {}
    assert all("<h1>Operations</h1>" in answer.text for answer in made.values())


def test_what_forms_offer_is_all_there_is():
    assert set(audit.TYPES) == set(AUDIT_TYPES)
    assert [name for name, _ in access.SCOPES] == list(Scope)
    assert set(mapping.FIELDS) == set(MAPPING_FIELDS)


def test_parts_are_no_whole_pages(gw: GatewayUnderTest):
    for path in PARTS:
        answer = gw.get(path)

        assert answer.status_code == 200, path
        assert "<html" not in answer.text, path


def test_what_a_role_may_not_see_is_not_offered_and_says_so_when_opened(gw: GatewayUnderTest):
    offered, opened = gw.get("/operations", role=Role.APPROVER), gw.get("/operations/audit", role=Role.APPROVER)

    assert 'href="/operations/audit"' in gw.get("/operations").text
    assert 'href="/operations/audit"' not in offered.text
    assert opened.status_code == 403
    assert "not for your role" in opened.text
    assert "approver" in opened.text


def test_a_token_with_scopes_is_offered_what_they_allow(gw: GatewayUnderTest):
    body = {"name": "rules", "role": "viewer", "scopes": ["rules:read"]}
    secret = gw.post("/api/tokens", json=body).json["token"]

    rules, jobs = (gw.get(path, token=secret) for path in ("/operations/rules", "/operations"))

    assert rules.status_code == 200
    assert 'href="/operations/deliveries"' not in rules.text
    assert jobs.status_code == 403
    assert "incidents:read" in jobs.text


def test_a_dead_letter_is_told_first_and_done_again_by_who_may(gw: GatewayUnderTest):
    put(gw, job := a_dead_letter(queue="graph", kind="graph.take_inventory"))
    path = f"/operations/jobs/{job.id}"

    answer = gw.post(f"{path}/retry", role=Role.RESPONDER)

    again = answer.headers["Location"]
    assert (answer.status_code, again.startswith("/operations/jobs/job_")) == (303, True)
    assert f"{path}/retry" not in gw.get("/operations", role=Role.VIEWER).text
    assert again in gw.get(path).text, "the chain names the job that does it again"
    assert path in gw.get(again).text
    assert "Done again as" in gw.get("/operations").text
    assert HOSTILE not in gw.get(path).text


def test_a_viewer_who_forges_a_re_drive_is_refused(gw: GatewayUnderTest):
    put(gw, job := a_dead_letter())

    answer = gw.post(f"/operations/jobs/{job.id}/retry", role=Role.VIEWER, headers={"HX-Request": "true"})

    assert answer.status_code == 403
    assert 'class="problem"' in answer.text


def test_a_job_that_waits_is_cancelled(gw: GatewayUnderTest):
    put(gw, job := a_job())

    answer = gw.post(f"/operations/jobs/{job.id}/cancel", headers={"HX-Request": "true"})

    assert answer.status_code == 204
    assert "The job is cancelled." in answer.headers["HX-Trigger"]
    assert gw.store.get(Job, job.id).state is JobState.CANCELLED


def test_a_quarantined_delivery_says_why_and_is_replayed(gw: GatewayUnderTest):
    sent = gw.post("/api/intake/webhook", json={"title": HOSTILE}).json["deliveryId"]
    delivery = gw.store.get(Delivery, sent)
    why = {"state": DeliveryState.QUARANTINED, "code": "no_title", "reason": f"no title in {HOSTILE}"}
    put(gw, msgspec.structs.replace(delivery, **why))
    path = f"/operations/deliveries/{sent}"

    shown, answer = gw.get(path).text, gw.post(f"{path}/replay")

    assert "no title in &lt;img" in shown
    assert HOSTILE not in shown
    assert "&#34;title&#34;" in shown, "the body as it came"
    assert answer.headers["Location"].startswith("/operations/deliveries/dlv_")
    assert "1 delivery was not understood" in gw.get("/operations/deliveries").text
    assert "&#34;title&#34;" not in gw.get(path, role=Role.VIEWER).text, "bodies are for responders"


def test_a_preview_is_shown_beside_its_form_or_on_a_page_of_its_own(gw: GatewayUnderTest):
    sent = gw.post("/api/intake/webhook", json={"title": "Disk is full"}).json["deliveryId"]
    path = f"/operations/deliveries/{sent}/preview"

    part, page = gw.post(path, headers={"HX-Request": "true"}), gw.post(path)

    assert part.status_code == 200
    assert 'hx-trigger="load delay:1s"' in part.text
    assert '"done"' in part.headers["HX-Trigger"], "the form may be sent again, as another request"
    assert page.status_code == 303
    assert gw.get(page.headers["Location"]).status_code == 200


def test_a_preview_that_takes_long_says_so(gw: GatewayUnderTest):
    sent = gw.post("/api/intake/webhook", json={"title": "Disk is full"}).json["deliveryId"]
    preview = gw.post(f"/api/deliveries/{sent}/preview").json["previewId"]

    part = gw.get(f"/operations/previews/{preview}/part?asked=30").text

    assert "Is an intake worker there?" in part
    assert "delay:10s" in part


def test_health_shows_what_fails_as_an_answer(gw: GatewayUnderTest):
    gw.relay.workers = ()

    answer = gw.get("/operations/health")

    assert answer.status_code == 200
    assert "not ready" in answer.text
    assert "no worker of this queue has said hello" in answer.text


def test_flower_is_one_click_away_where_its_address_is_known():
    shown = a_gateway(flower_url="http://127.0.0.1:5555").get("/operations").text

    assert 'href="http://127.0.0.1:5555" target="_blank" rel="noopener noreferrer"' in shown


@pytest.mark.parametrize("hours", ["0", "x"])
def test_a_bad_filter_is_a_problem_and_no_fault(gw: GatewayUnderTest, hours: str):
    assert gw.get(f"/operations/noise?hours={hours}").status_code in {200, 422}
