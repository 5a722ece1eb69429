"""Ask a child whether it is up. Every probe answers within a second or two and never raises."""

import asyncio
from pathlib import Path
from typing import Any

import requests

_TIMEOUT_SECONDS = 2.0


async def is_ok(url: str, login: tuple[str, str] | None = None) -> bool:
    """Answer whether ``url`` gives 200, to the user and password of ``login`` where it asks for them."""
    response = await asyncio.to_thread(_get, url, login)
    return response is not None and response.status_code == requests.codes.ok


async def why_not_ready(url: str) -> str | None:
    """Return None if the gateway says it is ready, else what it says is not."""
    response = await asyncio.to_thread(_get, f"{url}/readyz")
    if response is None:
        return "the gateway does not answer"
    if response.status_code == requests.codes.ok:
        return None
    return _failing_checks(response) or f"the gateway answers {response.status_code}"


async def valkey_answers(socket_path: Path) -> bool:
    """Answer whether the Valkey on this socket takes commands; while it loads its file it does not."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_unix_connection(str(socket_path))
            try:
                writer.write(b"PING\r\n")
                return await reader.readline() == b"+PONG\r\n"
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def _get(url: str, login: tuple[str, str] | None = None) -> requests.Response | None:
    with requests.Session() as session:
        session.trust_env = False  # A proxy has no business between us and our own children.
        try:
            return session.get(url, auth=login, timeout=_TIMEOUT_SECONDS)
        except requests.RequestException:
            return None


def _failing_checks(response: requests.Response) -> str:
    try:
        body: Any = response.json()
    except ValueError:
        return ""
    checks = body.get("checks") if isinstance(body, dict) else None
    if not isinstance(checks, dict):
        return ""
    return "; ".join(f"{name}: {word}" for name, check in checks.items() if (word := _complaint(check)))


def _complaint(check: object) -> str:
    if isinstance(check, dict):
        return "" if check.get("ok") else str(check.get("reason") or "not ok")
    return "" if check in ("ok", None, True) else str(check)
