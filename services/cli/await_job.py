"""Wait for a job to end."""

from typing import Any

from services.cli.api_client import ApiClient
from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.polling import poll
from services.cli.render import progress

_ENDED = frozenset({"succeeded", "failed", "cancelled", "unknown"})


def await_job(client: ApiClient, job_id: str, doing: str, seconds: float) -> dict[str, Any]:
    """Return the job once it has ended. Raises ``CommandFailed`` if it ends without success, or not in time."""
    with progress(doing) as tell:
        for job in poll(lambda: client.get(f"/api/jobs/{job_id}"), seconds):
            if job["state"] in _ENDED:
                break
            said = job.get("progress") or {}
            tell(f"{doing}: {said.get('note') or job['state']}", 0, None)
        else:
            raise CommandFailed(
                f"It is {job['state']} still; faultline jobs show {job_id} follows it.", ExitCode.FAILED
            )
    if job["state"] != "succeeded":
        raise CommandFailed(f"The job {job_id} {job['state']}: {job.get('error') or 'no reason is known'}")
    return job
