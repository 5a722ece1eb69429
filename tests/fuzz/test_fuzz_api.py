"""Schemathesis on the running product: every operation, every check; `schemathesis.toml` says what differs and why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.support.product import ROOT, running_product

CONFIG = Path(__file__).with_name("schemathesis.toml")
SECONDS = 420


@pytest.mark.timeout(SECONDS + 60)
def test_no_generated_request_finds_a_gap_between_the_api_and_its_description(tmp_path):
    with running_product(tmp_path) as product:
        tokens = requests.get(f"{product.url}/api/tokens", headers=product.headers, timeout=10).json()["items"]
        own = next(token["id"] for token in tokens if token["name"] == "admin")
        service = requests.post(
            f"{product.url}/api/tokens",
            json={"name": "fuzz-service", "role": "service"},
            headers=product.headers,
            timeout=10,
        ).json()["token"]
        command = [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(CONFIG),
            "run",
            f"{product.url}/api/openapi.json",
            "--header",
            f"Authorization: Bearer {product.token}",
            "--checks=all",
            # The only DELETE there is revokes a token, which stays readable: its name stands on timelines.
            "--exclude-checks=use_after_free",
            "--phases=examples,coverage,fuzzing,stateful",
            "--no-color",
        ]
        run = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env={**os.environ, "PYTHONPATH": str(ROOT), "FUZZ_TOKEN_ID": own, "FUZZ_SERVICE_TOKEN": service},
            check=False,
        )

    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    print(run.stdout[-1_500:])
