"""A product whose every text is a payload: what people, senders and a cluster may write, in each field that takes text.

Made through the API, beside what else stands in the product. ``hostile_cluster`` is the snapshot it reads.
"""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from tests.support.furnished import Furnished
from tests.support.product import ROOT, Product
from tests.support.waiting import wait_until
from tests.support.xss import PAYLOADS, all_of_them, payload, visible_ones

CONTEXT = "hostile"
_SHOP = ROOT / "data/demo/shop"
_TITLE = 300
_DONE = {"succeeded", "failed", "cancelled", "unknown", "done", "processed", "quarantined"}
Json = dict[str, Any]


def hostile_cluster(folder: Path) -> Path:
    """Write the demo's shop into ``folder`` with payloads as names, messages and lines of logs; return ``folder``."""
    shutil.copytree(_SHOP, folder)
    changes = {
        '"cart"': json.dumps(f"cart{payload(3)}"),
        '"recommendations"': json.dumps(f"recommendations{payload(22)}"),
        '"worker-1"': json.dumps(f"worker-1{payload(19)}"),
        "Back-off": f"Back-off {_inside(payload(4))}",
        "3.8.1-hotfx": f"3.8.1-hotfx{_inside(payload(0))}",
    }
    for path in folder.rglob("lists/**/*.json"):
        text = path.read_text("utf-8")
        for old, new in changes.items():
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
    for path in folder.rglob("*.log"):
        lines = [f"2026-11-23T11:57:59Z FATAL {one}".replace("\n", " ") for one in PAYLOADS]
        path.write_text(path.read_text("utf-8") + "\n".join(lines) + "\n", "utf-8")
    return folder


class Beset:
    """Writes payloads, each field another one."""

    def __init__(self, product: Product) -> None:
        self._product, self._next = product, 0

    def fill(self) -> Furnished:
        """Write into everything that takes text; return what stands there by name."""
        incident = self._incident()
        self._work_on(incident)
        self._propose(incident)
        self._attach(incident)
        self._investigate(incident)
        rules = self._configure()
        delivery, quarantined = self._deliver()
        quickdx, failed_job = self._diagnose()
        return Furnished(incident, quickdx, delivery, quarantined, failed_job, rules)

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Json:
        """Send a request as the admin; what was written must have been taken."""
        headers = {**self._product.headers, **options.pop("headers", {})}
        answer = requests.request(
            method, self._product.url + path, json=body, headers=headers, timeout=20, allow_redirects=True, **options
        )
        if answer.status_code >= 300:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        shown: Json = answer.json() if answer.content else {}
        return shown

    def _text(self, most: int = _TITLE) -> str:
        self._next += 1
        return payload(self._next)[:most]

    def _incident(self) -> str:
        body = {
            "title": f"{PAYLOADS[0]}{PAYLOADS[22]}",
            "description": all_of_them(),
            "severity": "critical",
            "owner": self._text(200),
            "roles": {"commander": self._text(200), "scribe": self._text(200)},
            "services": ["checkout", "cart", *(one[:200] for one in PAYLOADS)],
            "labels": {one[:63]: one for one in PAYLOADS} | {"cluster": CONTEXT, "namespace": "shop"},
        }
        return f"INC-{self.call('POST', '/api/incidents', body)['number']}"

    def _work_on(self, incident: str) -> None:
        path = f"/api/incidents/{incident}"
        for one in (*PAYLOADS, all_of_them()):
            self.call("POST", f"{path}/timeline", {"message": one})
        task = {"title": self._text(), "description": all_of_them(), "owner": self._text(200)}
        self.call("POST", f"{path}/tasks", task)
        other = self.call("POST", "/api/incidents", {"title": self._text(), "severity": "low"})
        self.call("POST", f"{path}/relations", {"incidentId": other["id"]})
        self.call("PATCH", path, {"status": "investigating"})

    def _propose(self, incident: str) -> None:
        path, seen = f"/api/incidents/{incident}/actions", visible_ones()
        every = "\n\n".join(seen)
        words = {"title": seen[0], "rationale": every, "rollback": every, "expectedEffect": every, "risk": "low"}
        done = self.call("POST", path, {**words, "type": "manual", "payload": {"instructions": every}})
        self.call("POST", f"{path}/{done['id']}/previews", {"output": all_of_them()})
        digest = self.call("GET", f"{path}/{done['id']}")["reviewDigest"]
        decision = {"approved": True, "digest": digest, "reason": every[:2_000]}
        self.call("POST", f"{path}/{done['id']}/approve", decision)
        self.call("POST", f"{path}/{done['id']}/execute", {"succeeded": True, "result": every})
        command = {"argv": [one for one in seen if "\n" not in one][:20], "target": "lb-1"}
        self.call("POST", path, {**words, "type": "command", "payload": command})

    def _attach(self, incident: str) -> None:
        self.call("POST", f"/api/incidents/{incident}/diagnoses", self._diagnosis())

    def _diagnosis(self) -> Json:
        thing = {"cluster": self._text(), "namespace": self._text(), "kind": self._text(), "name": self._text()}
        kinds = ("log", "object", "event", self._text(100))
        evidence = [
            {"kind": kind, "source": self._text(), "query": self._text(), "observation": all_of_them()}
            for kind in kinds
        ]
        steps = [{"reason": one, "delta": 0.01} for one in PAYLOADS[:20]]
        remedy = {"text": self._text(), "command": [self._text(), self._text()], "risk": "low"}
        claims = [
            {"ruleId": self._text(), "title": self._text(), "confidence": 0.5, "severity": "high"}
            | {"explanation": all_of_them(), "remediation": self._text(), "evidence": evidence, "arithmetic": steps}
            | {"subject": thing, "culprit": thing, "followsFrom": thing, "actions": [remedy]}
            for _ in range(2)
        ]
        return {
            "resource": thing,
            "observedAt": datetime.now(UTC).isoformat(),
            "producedBy": self._text(),
            "summary": all_of_them(),
            "status": "partial",
            "coverage": [{"part": self._text(), "reason": self._text(), "namespace": self._text()}],
            "hypotheses": claims,
            "findings": claims,
        }

    def _investigate(self, incident: str) -> None:
        asked = self.call("POST", f"/api/incidents/{incident}/investigate", {"cluster": CONTEXT})
        self._wait(f"/api/jobs/{asked['jobId']}")

    def _configure(self) -> int:
        """Set what operations set; return the version of the rules."""
        # Beside what rules there are, and for signals that nobody else sends.
        rules = self.call("GET", "/api/rules")
        rule = {
            "id": f"beset-{datetime.now(UTC).timestamp():.0f}",
            "name": self._text(200),
            "description": all_of_them()[:2_000],
        }
        match = {"names": [self._text()], "labels": {self._text(60): [self._text()]}}
        grouping = [*rules["grouping"], {**rule, "match": match, "groupBy": ["name"]}]
        ownership = [*rules["ownership"], {**rule, "match": match, "owner": self._text(200)}]
        book = {"grouping": grouping, "ownership": ownership, "reason": all_of_them()[:1_000]}
        version = int(self.call("PUT", "/api/rules", book)["version"])
        ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
        self.call("POST", "/api/silences", {"comment": all_of_them()[:1_000], "match": match, "endsAt": ends})
        # A token's name is of a few letters only: it is the one text that cannot be a payload.
        self.call("POST", "/api/tokens", {"name": f"x-{datetime.now(UTC).timestamp():.0f}", "role": "service"})
        return version

    def _deliver(self) -> tuple[str, str]:
        labels = {"alertname": self._text(), "severity": self._text(), "cluster": self._text(), "pod": self._text()}
        notes = {"summary": self._text(), "description": all_of_them(), "runbook_url": "javascript:xss()"}
        alert = {"status": "firing", "labels": labels, "annotations": notes, "startsAt": "2026-11-27T12:00:00Z"}
        whole = {
            "version": "4",
            "status": "firing",
            "receiver": self._text(),
            "groupKey": self._text(),
            "groupLabels": {},
        }
        links = {"externalURL": "javascript:xss()", "alerts": [alert | {"generatorURL": "javascript:xss()"}]}
        shared: Json = {"commonLabels": labels, "commonAnnotations": notes, "truncatedAlerts": 0}
        good = self.call("POST", "/api/intake/alertmanager", whole | links | shared)["deliveryId"]
        event = {"title": self._text(), "severity": "high", "service": self._text(), "status": "firing"}
        event |= {one: one for one in PAYLOADS}
        self.call("POST", "/api/intake/webhook", event, headers={"User-Agent": self._text().encode("ascii", "replace")})
        bad = self.call("POST", "/api/intake/alertmanager", {"version": all_of_them(), "alerts": "none"})["deliveryId"]
        for one in (good, bad):
            self._wait(f"/api/deliveries/{one}")
        return good, bad

    def _diagnose(self) -> tuple[str, str]:
        wanted = {"context": CONTEXT, "namespace": "shop", "kind": "Deployment", "name": "checkout"}
        found = self.call("POST", "/api/quickdx", wanted)
        failing = {"context": self._text(253), "namespace": self._text(253), "kind": self._text(100)}
        failed = self.call("POST", "/api/quickdx", {**failing, "name": self._text(253)})
        self._wait(f"/api/jobs/{self.call('POST', '/api/quickdx/inventory')['jobId']}")
        for one in (found, failed):
            self._wait(f"/api/quickdx/{one['id']}")
        rule = self.call("GET", f"/api/quickdx/{found['id']}")["hypotheses"][0]["ruleId"]
        said = {"ruleId": rule, "verdict": "rejected", "note": all_of_them()[:2_000]}
        self.call("POST", f"/api/quickdx/{found['id']}/feedback", said)
        return str(found["id"]), str(failed["jobId"])

    def _wait(self, path: str) -> None:
        wait_until(lambda: self.call("GET", path)["state"] in _DONE, path)


def _inside(text: str) -> str:
    """Return ``text`` as it stands inside of a JSON string."""
    return json.dumps(text)[1:-1]
