"""Exit with 0 if the service of this container does its work: what the health check of the image asks."""

import base64
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

SERVICE = os.environ["SERVICE"]
SECONDS = 3.0
# A worker says hello every 10 seconds; three that were not heard are no accident.
OLDEST_HELLO_SECONDS = 35.0


def is_healthy() -> bool:
    """Answer for this service: it answers, or the gateway heard it lately."""
    if SERVICE == "gateway":
        # Not /readyz: a gateway whose broker is away does the one thing no other can, it takes deliveries.
        return answers(f"http://127.0.0.1:{os.environ.get('FAULTLINE_PORT', '8080')}/healthz")
    if SERVICE == "flower":
        return answers(
            f"http://127.0.0.1:{os.environ.get('FAULTLINE_FLOWER_PORT', '5555')}/healthcheck", flower_login()
        )
    heard = Path(os.environ["FAULTLINE_HEARD_FILE"])
    return heard.exists() and time.time() - heard.stat().st_mtime < OLDEST_HELLO_SECONDS


def answers(url: str, login: str | None = None) -> bool:
    """Answer whether ``url`` gives 200."""
    request = urllib.request.Request(url)  # noqa: S310 - an address of this container.
    if login is not None:
        request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - as above.
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's own word.
    except (urllib.error.URLError, OSError):
        return False


def flower_login() -> str:
    """Return Flower's user and password, from the file the container was given."""
    return "admin:" + Path(os.environ["FAULTLINE_FLOWER_PASSWORD_FILE"]).read_text("utf-8").strip()


if __name__ == "__main__":
    sys.exit(0 if is_healthy() else 1)
