"""Sets silences while everything dies: some expire, some are ended early, and one outlasts the run."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import requests

from tests.chaos.problems import SILENCED_SERVICES, Problem

GIVE_UP_SECONDS = 90.0
_ANSWER_SECONDS = 10.0
_PAUSE_SECONDS = 0.1
_EVERY_SECONDS = 1.0
_LASTS_SECONDS = (2.0, 8.0)


@dataclass(slots=True)
class Silences:
    """What was acknowledged of them."""

    set: list[str] = field(default_factory=list)
    lasting: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    given_up: int = 0


class Silencer(threading.Thread):
    """Sets a silence about every second, for part of what is sent, and ends every other one early."""

    def __init__(self, url: str, token: str, problems: list[Problem], seed: int) -> None:
        super().__init__(name="silencer", daemon=True)
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._problems = problems
        self._random = random.Random(seed)
        self.silences = Silences()
        self.stopped = threading.Event()

    def set_the_lasting_one(self) -> None:
        """Silence some services for longer than any run takes."""
        self.silences.lasting = self._set({"services": list(SILENCED_SERVICES)}, 3_600) or ""

    def run(self) -> None:
        while not self.stopped.wait(_EVERY_SECONDS * self._random.uniform(0.5, 1.5)):
            silence = self._set(self._match(), self._random.uniform(*_LASTS_SECONDS))
            if silence is not None and self._random.random() < 0.5:
                self.stopped.wait(self._random.uniform(0, _LASTS_SECONDS[0]))
                self._end(silence)

    def _match(self) -> dict[str, Any]:
        groups = sorted({problem.group for problem in self._problems})
        return self._random.choice(
            (
                {"names": self._random.sample(groups, max(1, len(groups) // 3))},
                {"names": self._random.sample(groups, 1)},
                {"sources": [self._random.choice(self._problems).source]},
                {"namespaces": ["chaos"]},
            )
        )

    def _set(self, match: dict[str, Any], lasts: float) -> str | None:
        ends = datetime.now(UTC) + timedelta(seconds=lasts)
        body = {"comment": "chaos", "match": match, "endsAt": ends.isoformat().replace("+00:00", "Z")}
        answer = self._ask("/api/silences", body)
        if answer is None:
            return None
        if answer.status_code == 422 and datetime.now(UTC) >= ends:
            self.silences.counts["too late to set"] += 1  # The gateway was away for as long as it was to last.
            return None
        if answer.status_code != 201:
            self.silences.refused.append(f"{answer.status_code}: {answer.text[:300]}")
            return None
        silence_id = str(answer.json()["id"])
        self.silences.set.append(silence_id)
        return silence_id

    def _end(self, silence_id: str) -> None:
        answer = self._ask(f"/api/silences/{silence_id}/end", None)
        if answer is None:
            return
        if answer.status_code == 200:
            self.silences.counts["ended early"] += 1
        elif answer.status_code == 409 and answer.json()["code"] == "silence_ended":
            self.silences.counts["over before it was ended"] += 1
        else:
            self.silences.refused.append(f"{answer.status_code}: {answer.text[:300]}")

    def _ask(self, path: str, body: dict[str, Any] | None) -> requests.Response | None:
        """Send the request again, under one key, until somebody answers it for good."""
        headers = {**self._headers, "Idempotency-Key": uuid4().hex}
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = requests.post(self._url + path, json=body, headers=headers, timeout=_ANSWER_SECONDS)
                if answer.status_code < 500:
                    return answer
            except OSError:
                pass
            time.sleep(_PAUSE_SECONDS)
        self.silences.given_up += 1
        return None
