"""Schemathesis on the running product: every operation, every check; `schemathesis.toml` says what differs and why.

As an admin in every phase; as others with an example or two of each operation, for what a refusal looks like and for
what lies behind it. `make fuzz-api EXAMPLES=20` tries that many, as every role, and follows what answers lead to.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.support.product import ROOT, Product, running_product

CONFIG = Path(__file__).with_name("schemathesis.toml")
SECONDS = 420
ROLE_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES") or 0)
# The session is a responder's.
ROLES = ("viewer", "approver", "service", "session", *(("responder", "nobody") if ROLE_EXAMPLES else ()))


@dataclass(frozen=True)
class Target:
    """A running product with a token for every role, and a browser's session."""

    product: Product
    tokens: dict[str, str]
    token_ids: list[str]
    session_headers: list[str]

    def headers(self, role: str) -> list[str]:
        if role == "session":
            return self.session_headers
        return [f"Authorization: Bearer {self.tokens[role]}"] if role in self.tokens else []


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with running_product(tmp_path_factory.mktemp("fuzz")) as product:
        url, tokens = product.url, {"admin": product.token}
        for role in ("viewer", "responder", "approver", "service"):
            body = {"name": f"fuzz-{role}", "role": role}
            made = requests.post(f"{url}/api/tokens", json=body, headers=product.headers, timeout=10)
            tokens[role] = made.json()["token"]
        listed = requests.get(f"{url}/api/tokens", headers=product.headers, timeout=10).json()["items"]
        begun = requests.post(f"{url}/api/session", json={"token": tokens["responder"]}, timeout=10)
        cookie = f"faultline_session={begun.cookies['faultline_session']}"
        session = [f"Cookie: {cookie}", f"X-CSRF-Token: {begun.json()['csrfToken']}"]
        yield Target(product, tokens, [token["id"] for token in listed], session)


def fuzz(target: Target, headers: list[str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        str(CONFIG),
        "run",
        f"{target.product.url}/api/openapi.json",
        *(word for header in headers for word in ("--header", header)),
        "--no-color",
        *options,
    ]
    given = {"FUZZ_TOKEN_IDS": ",".join(target.token_ids), "FUZZ_SERVICE_TOKEN": target.tokens["service"]}
    return subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "PYTHONPATH": str(ROOT), **given},
        check=False,
    )


@pytest.mark.timeout(SECONDS + 60)
def test_no_generated_request_finds_a_gap_between_the_api_and_its_description(target: Target):
    # What a DELETE ends stays readable: its name stands on timelines, or in the audit log.
    options = ("--checks=all", "--exclude-checks=use_after_free", "--phases=examples,coverage,fuzzing,stateful")
    run = fuzz(target, target.headers("admin"), *options)

    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    print(run.stdout[-1_500:])


@pytest.mark.timeout(SECONDS + 60)
@pytest.mark.parametrize("role", ROLES)
def test_no_generated_request_of_another_role_finds_one(target: Target, role: str):
    phases = "examples,fuzzing,stateful" if ROLE_EXAMPLES else "fuzzing"
    # What has no good routing key is, to clients of the Events API, no event: 400, as no schema of it can say.
    apart = ("/v2/enqueue", "/v2/change/enqueue") if role in {"viewer", "session", "nobody"} else ()
    options = (
        "--checks=all",
        # Without a credential, or with one an operation does not take, being refused is all there is to see.
        "--exclude-checks=use_after_free,ignored_auth,ensure_resource_availability",
        f"--phases={phases}",
        f"--max-examples={ROLE_EXAMPLES or 1}",
        "--warnings=off",
        *(word for path in apart for word in ("--exclude-path", path)),
    )
    run = fuzz(target, target.headers(role), *options)

    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
