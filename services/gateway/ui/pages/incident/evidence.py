"""The tab of an incident: evidence. What is suspected and why, what else was found, what changed near the onset."""

from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import done, page
from services.gateway.ui.ask import ApiRefused, read, write
from services.gateway.ui.findings.arithmetic import add_up, show_confidence
from services.gateway.ui.findings.reading import Reader
from services.gateway.ui.pages.incident.frame import incident_address, incident_page, read_incident

blueprint = Blueprint("evidence", __name__)
_NOT_INVESTIGATED = "incident_not_investigated"
_MOST_DIAGNOSES = 100
Json = dict[str, Any]


@blueprint.get("/incidents/<incident_id>/evidence")
def show(incident_id: str) -> Response:
    """Show what is suspected, found and seen."""
    incident = read_incident(incident_id)
    return incident_page("incident/evidence.html", incident, "evidence", **_evidence(incident))


@blueprint.get("/incidents/<incident_id>/evidence/part")
def show_part(incident_id: str) -> Response:
    """Show the same without its frame."""
    incident = read_incident(incident_id)
    return page("incident/evidence_part.html", incident=incident, **_evidence(incident))


@blueprint.get("/incidents/<incident_id>/evidence/diagnoses/<diagnosis_id>")
def show_diagnosis(incident_id: str, diagnosis_id: str) -> Response:
    """Show one attached diagnosis whole."""
    incident = read_incident(incident_id)
    diagnosis = read(f"/api/incidents/{incident['id']}/diagnoses/{diagnosis_id}")
    content = diagnosis["content"]
    reader = Reader(incident_address(incident), str(content["resource"].get("cluster") or ""))
    return incident_page(
        "incident/diagnosis.html",
        incident,
        "evidence",
        diagnosis=diagnosis,
        hypotheses=reader.read(content.get("hypotheses") or (), "hypothesis"),
        findings=reader.read(content.get("findings") or (), "finding"),
        coverage=content.get("coverage") or (),
    )


@blueprint.post("/incidents/<incident_id>/investigate")
def investigate(incident_id: str) -> Response:
    """Ask for an investigation, of the cluster the form names or the one the incident does."""
    cluster = request.form.get("cluster", "").strip()
    write("POST", f"/api/incidents/{incident_id}/investigate", {"cluster": cluster} if cluster else {})
    said = "An investigation is asked for. What it finds appears here."
    return done(said, f"/incidents/{incident_id}/evidence", refresh=["investigations"])


def _evidence(incident: Json) -> Json:
    path = f"/api/incidents/{incident['id']}"
    evidence, waiting = _investigated(path)
    newest = read(f"{path}/investigations", {"limit": 1})["items"]
    diagnoses = read(f"{path}/diagnoses", {"limit": _MOST_DIAGNOSES})["items"]
    reader = Reader(incident_address(incident), evidence["cluster"] if evidence else "")
    return {
        "evidence": evidence,
        "waiting_job": waiting,
        "newest": newest[0] if newest else None,
        "diagnoses": diagnoses,
        "hypotheses": reader.read(evidence["hypotheses"], "hypothesis") if evidence else [],
        "findings": reader.read(evidence["findings"], "finding") if evidence else [],
        "changes": [_change(one) for one in evidence["changes"]] if evidence else [],
    }


def _investigated(path: str) -> tuple[Json | None, str | None]:
    """Return what the asked or the newest investigation found; without one, the job that is under way, if any."""
    try:
        evidence: Json = read(f"{path}/evidence", {"investigation": request.args.get("investigation")})
    except ApiRefused as error:
        if error.code != _NOT_INVESTIGATED:
            raise
        return None, error.problem.get("waitingJobId")
    return evidence, None


def _change(change: Json) -> Json:
    confidence = float(change["confidence"])
    return {**change, "sum": add_up(change["arithmetic"], confidence), "total": show_confidence(confidence)}
