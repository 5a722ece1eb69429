"""A policy file in the whole product: what it says is done and explained; what is no policy is refused at start."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.product import ProductFailed, running_product

POLICY = """
[[freezes]]
name = "always"
reason = "Nothing is changed in tests."
hours = [{ zone = "Europe/Berlin" }]
types = ["manual"]
breakGlassRole = "admin"

[[overrides]]
types = ["manual"]
approvers = ["ben", "cy"]
"""
MANUAL = {"type": "manual", "payload": {"instructions": "Fail over."}, "title": "Fail over", "risk": "low"}
DONE = {"succeeded": True, "result": "Done."}


class Caller:
    """Calls a running gateway as one person, over HTTP."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}

    def post(self, path: str, **body: Any) -> Any:
        return requests.post(self._url + path, json=body, headers=self._headers, timeout=30).json()

    def revoke(self, token_id: str) -> int:
        answer = requests.delete(f"{self._url}/api/tokens/{token_id}", headers=self._headers, timeout=30)
        return answer.status_code


def faultline(url: str, token: str, *words: str) -> Any:
    env = {"FAULTLINE_URL": url, "FAULTLINE_TOKEN": token, "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "services.cli", *words, "--json"]
    return json.loads(subprocess.run(command, env=env, check=True, capture_output=True, timeout=60).stdout)


def test_what_the_file_says_is_what_the_product_does_and_explains(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    with running_product(tmp_path, FAULTLINE_GATEWAY_APPROVAL_FILE=str(file)) as product:
        admin = Caller(product.url, product.token)
        made = {name: admin.post("/api/tokens", name=name, role="approver") for name in ("ben", "cy", "dan")}
        ben, cy, dan = (Caller(product.url, made[name]["token"]) for name in ("ben", "cy", "dan"))
        admin.post("/api/incidents", title="Checkout is down")
        action = admin.post("/api/incidents/INC-1/actions", **MANUAL)
        execute = f"{action['href']}/execute"

        assert admin.post(execute, **DONE)["code"] == "action_not_approved"
        assert dan.post(f"{action['href']}/approve", approved=True)["code"] == "approver_not_named"
        assert ben.post(f"{action['href']}/approve", approved=True)["state"] == "approved"
        assert cy.post(execute, **DONE, breakGlass="It burns.")["code"] == "action_frozen"

        told = faultline(product.url, product.token, "policy", "explain", "--action", action["id"])
        assert [one["name"] for one in told["policy"]["freezes"]] == ["always"]
        assert (told["policy"]["nextFreeAt"], told["action"]["approvalsGiven"]) == (None, 1)

        assert admin.revoke(made["ben"]["id"]) < 300
        refused = admin.post(execute, **DONE, breakGlass="It burns.")
        assert refused["code"] == "approver_revoked"
        assert refused["notCounted"] == [{"by": "token:ben", "why": "approver_revoked"}]
        assert cy.post(f"{action['href']}/approve", approved=True)["state"] == "approved"
        assert admin.post(execute, **DONE, breakGlass="It burns.")["state"] == "executed"


def test_a_gateway_does_not_start_with_a_file_that_is_no_policy(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY.replace("Europe/Berlin", "Europe/Atlantis"))

    with (
        pytest.raises(ProductFailed, match=r"freezes\.0\.hours\.0\.zone"),
        running_product(tmp_path, FAULTLINE_GATEWAY_APPROVAL_FILE=str(file)),
    ):
        pass
