"""The unit tests of the screens' scripts, which Node.js runs."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
WEB = ROOT / "services/gateway/ui/web"


@pytest.mark.timeout(120)
def test_the_scripts_of_the_screens_hold_their_own_tests() -> None:
    if not (WEB / "node_modules").is_dir():
        pytest.skip("needs Node.js and npm: scripts/build-screens.sh says what is missing")
    if not list((WEB / "test").glob("*.test.ts")):
        pytest.skip("needs tests in services/gateway/ui/web/test")
    command = [str(ROOT / "scripts/node.sh"), "test.mjs"]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
