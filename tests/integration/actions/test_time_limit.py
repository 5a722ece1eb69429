"""Nothing that may take long by what was approved is killed for it: a killed execution would end as unknown."""

import subprocess
import sys
from pathlib import Path

from services.actions.domain.commands.file_checks import LONGEST_SECONDS
from shared.remediation_parameters import MOST_DRAIN_SECONDS

ROOT = Path(__file__).parents[3]
PRINT = "from services.actions.worker import app; print(app.conf.task_time_limit)"
ENVIRON = {"FAULTLINE_BROKER_URL": "redis://127.0.0.1:1/0", "FAULTLINE_DOOR_KEY": "a-key-of-the-door"}


def test_a_task_may_take_longer_than_the_longest_drain_and_command():
    done = subprocess.run(
        [sys.executable, "-c", PRINT], cwd=ROOT, env=ENVIRON, capture_output=True, text=True, check=True
    )

    assert int(done.stdout) > max(MOST_DRAIN_SECONDS, LONGEST_SECONDS)
