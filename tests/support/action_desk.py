"""A person at the API of a gateway that runs: proposes, approves and executes actions, and reads what came of them."""

from collections.abc import Callable
from typing import Any

import requests

from tests.support.waiting import wait_until

ADMIN_TOKEN = "flt_the-admin-of-the-tests-of-actions"
CONTEXT = "test"
ENDS = frozenset(
    {"verified", "ineffective", "executed", "failed", "unknown", "stale", "approved", "pending", "expired"}
)
_FIRST_LOOK_SECONDS = 90.0


class Desk:
    """Who holds ``token``. A path is that of an action under the API."""

    def __init__(self, url: str, token: str = ADMIN_TOKEN) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Make one request and return its answer."""
        return self.session.request(method, self.url + path, json=body, timeout=30)

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """Make a request that must succeed and return its body."""
        answer = self.call(method, path, body)
        assert answer.status_code < 300, f"{method} {path}: {answer.text}"
        return answer.json()

    def get(self, path: str) -> Any:
        """Read."""
        return self.ok("GET", path)

    def open_incident(self) -> str:
        """Open an incident and return its path."""
        return f"/api/incidents/{self.ok('POST', '/api/incidents', {'title': 'Checkout is down'})['id']}"

    def propose(self, incident: str, payload: dict[str, Any], **fields: Any) -> str:
        """Propose a change of the cluster, or with ``type`` something else; return its path."""
        given = {"type": "kubernetes", "title": "Mend it", "risk": "low", "payload": payload} | fields
        return str(self.ok("POST", f"{incident}/actions", given)["href"])

    def preview(self, path: str) -> None:
        """Have a worker preview an action, once one is there."""
        if not self.get(path)["previewJobId"] and not self.get(path)["previews"]:
            wait_until(lambda: self.call("POST", f"{path}/dry-run").status_code == 202, "a worker", _FIRST_LOOK_SECONDS)
        wait_until(lambda: self.get(path)["previews"], f"a preview of {path}")

    def approve(self, path: str) -> Any:
        """Approve what there is to see now."""
        digest = self.get(path)["reviewDigest"]
        return self.ok("POST", f"{path}/approve", {"approved": True, "digest": digest})

    def approved(self, incident: str, payload: dict[str, Any], **fields: Any) -> str:
        """Propose a change, have it previewed, approve it, and return its path."""
        path = self.propose(incident, payload, **fields)
        self.preview(path)
        assert self.approve(path)["state"] == "approved"
        return path

    def execute(self, path: str) -> str:
        """Hand an approved action to the workers and return its job's id."""
        begun = self.ok("POST", f"{path}/execute")
        assert begun["state"] == "executing"
        return str(begun["execution"]["jobId"])

    def until(self, path: str, holds: Callable[[Any], object], what: str) -> Any:
        """Return the action once it is as said."""
        found: list[Any] = []

        def look() -> object:
            found[:] = [self.get(path)]
            return holds(found[0])

        wait_until(look, f"{what} of {path}")
        return found[0]

    def ended(self, path: str) -> Any:
        """Return the action once it has an end and nobody looks any more whether it helped."""
        return self.until(
            path, lambda one: one["state"] in ENDS and not (one["verification"] or {}).get("jobId"), "the end"
        )

    def told(self, path: str) -> list[dict[str, Any]]:
        """Return the entries of the timeline about an action."""
        incident, _, action = path.partition("/actions/")
        return [entry for entry in self.timeline(incident) if entry["payload"].get("actionId") == action]

    def timeline(self, incident: str) -> list[dict[str, Any]]:
        """Return all entries of an incident."""
        entries: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = self.get(f"{incident}/timeline?limit=1000&after={after}")
            entries += page["items"]
            after = page["nextAfter"]
        return entries

    def told_types(self, path: str) -> list[str]:
        """Return the types of the entries about an action."""
        return [entry["type"] for entry in self.told(path)]


def patch_of(name: str, **data: str) -> dict[str, Any]:
    """Return the payload that sets data of a ConfigMap of the namespace ``shop``."""
    return {
        "verb": "patch",
        "context": CONTEXT,
        "namespace": "shop",
        "kind": "ConfigMap",
        "name": name,
        "parameters": {"patch": {"data": data}, "patchType": "merge"},
    }
