"""Record what the actions worker reports: keep what was put out, and give the action its next state."""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from services.gateway.domain.actions import calls, reports, runs
from services.gateway.domain.actions.policy import ApprovalPolicy
from services.gateway.domain.actions.states import SYSTEM
from services.gateway.domain.records import Action, ActionOutput, Activity, Job
from services.gateway.errors import CallNotAllowed, TooManyPreviews
from services.gateway.handlers.action_case import ActionCase, keep, open_stored
from services.gateway.handlers.action_jobs import put_job
from services.gateway.handlers.preview_action import DryRun, keep_output, put_output
from services.gateway.ports import Blobs, Transaction
from shared.contracts.action import ExecutionState, PreviewOutcome
from shared.contracts.command import CommandOutcome
from shared.contracts.messages import ActionDone, ActionPreviewed, ActionVerified, Results
from shared.contracts.queues import EXECUTE_ACTION, PREVIEW_ACTION, VERIFY_ACTION
from shared.ids import new_id
from shared.redaction import redact

_INLINE_BYTES = 16 << 10
ActionResult = ActionPreviewed | ActionDone | ActionVerified


@dataclass(frozen=True, slots=True)
class KeptOutput:
    """What an execution put out, ready to be put: as text where it is short, else as a blob.

    ``digest`` and ``length`` are those of the whole.
    """

    text: str | None
    blob: str | None
    redacted: int
    digest: str
    length: int
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was kept of a report before the commit: blobs are written before, never within."""

    dry_run: DryRun | None = None
    output: KeptOutput | None = None


def prepare_action_results(blobs: Blobs, results: Results) -> dict[str, Prepared]:
    """Return what is kept of each report of the actions worker, by job id."""
    found = (result for result in results.results if isinstance(result, ActionResult))
    return {result.job_id: _prepare(blobs, result) for result in found}


def _prepare(blobs: Blobs, result: ActionResult) -> Prepared:
    if isinstance(result, ActionPreviewed):
        return Prepared(dry_run=_dry_run(blobs, result.outcome))
    if isinstance(result, ActionDone) and result.change is not None and result.change.preview is not None:
        return Prepared(dry_run=_dry_run(blobs, result.change.preview))
    if isinstance(result, ActionDone) and result.command is not None:
        return Prepared(output=_keep_command_output(blobs, result.command))
    if isinstance(result, ActionDone) and result.change is not None and result.change.diff:
        return Prepared(output=_keep_diff(blobs, result.change.diff))
    return Prepared()


def _dry_run(blobs: Blobs, outcome: PreviewOutcome) -> DryRun:
    refused = outcome.no_preview
    return keep_output(
        blobs,
        reports.describe_preview(outcome),
        succeeded=refused is None,
        target=outcome.target_digest,
        no_preview=f"{refused.reason}: {refused.words}" if refused is not None else None,
    )


def _keep_command_output(blobs: Blobs, outcome: CommandOutcome) -> KeptOutput:
    # The worker took the secrets out; what it runs may be older than this gateway's idea of them.
    text, redacted = redact(outcome.output)
    kept = _keep(blobs, text, outcome.redacted + redacted)
    return dataclasses.replace(kept, digest=outcome.digest, length=outcome.length, truncated=outcome.truncated)


def _keep_diff(blobs: Blobs, diff: str) -> KeptOutput:
    """Keep what was changed in earnest: a webhook may do something else then than in a dry run."""
    text, redacted = redact(diff)
    return _keep(blobs, text, redacted)


def _keep(blobs: Blobs, text: str, redacted: int) -> KeptOutput:
    content = text.encode()
    blob = blobs.put(content) if len(content) > _INLINE_BYTES else None
    digest = hashlib.sha256(content).hexdigest()
    return KeptOutput(None if blob else text, blob, redacted, digest, len(content))


def record_action(
    tx: Transaction, job: Job, result: ActionResult, prepared: Mapping[str, Prepared], policy: ApprovalPolicy
) -> str | None:
    """Give the action of ``job`` what ``result`` says; return None, or why that is not possible."""
    action = tx.find(Action, str(job.payload.get("actionId", "")))
    if action is None:
        return "the action was removed meanwhile"
    case = open_stored(tx, action, policy)
    kept = prepared[result.job_id]
    if job.kind == PREVIEW_ACTION and isinstance(result, ActionPreviewed) and kept.dry_run is not None:
        return _record_preview(case, kept.dry_run)
    if job.kind == EXECUTE_ACTION and isinstance(result, ActionDone):
        return _record_end(case, job, result, kept)
    if job.kind == VERIFY_ACTION and isinstance(result, ActionVerified):
        return _record_look(case, job, result)
    return f"the worker reported {type(result).__name__} for a job {job.kind}"


def _record_preview(case: ActionCase, dry_run: DryRun) -> str | None:
    tx = case.tx
    try:
        after, drafts = calls.add_preview(case.action, case.rule, case.roles, dry_run.seen(SYSTEM, tx.now))
    except (CallNotAllowed, TooManyPreviews) as refusal:
        return f"{refusal.code}: {refusal.detail}"
    put_output(tx, after, dry_run)
    keep(tx, msgspec.structs.replace(after, preview_job_id=None), drafts)
    return None


def _record_end(case: ActionCase, job: Job, result: ActionDone, kept: Prepared) -> str | None:
    tx, action, begun = case.tx, case.action, case.action.execution
    if begun is None or begun.job_id != job.id:
        return f"the action is {action.state}; another job executes it, or none"
    change = result.change
    if change is not None and change.state is ExecutionState.STALE and kept.dry_run is not None:
        put_output(tx, action, kept.dry_run)
        keep(tx, *runs.turn_stale(action, case.rule, kept.dry_run.seen(SYSTEM, tx.now), change.words, tx.now))
        return None
    ended = reports.read_end(result, _put_output(tx, action, kept.output))
    if ended is None:
        return "the worker reported neither a change nor a command"
    after, drafts = runs.end(action, begun, _without_secrets(ended), tx.now)
    keep(tx, _await_effect(tx, after), drafts)
    return None


def _without_secrets(ended: runs.Ended) -> runs.Ended:
    """Return ``ended`` with words fit to be kept: servers and webhooks answer with whatever was sent to them."""
    done = tuple(redact(step)[0] for step in ended.done)
    return dataclasses.replace(ended, words=redact(ended.words)[0], done=done)


def _put_output(tx: Transaction, action: Action, kept: KeptOutput | None) -> str | None:
    if kept is None:
        return None
    output = ActionOutput(
        id=new_id("aout"),
        action_id=action.id,
        incident_id=action.incident_id,
        created_at=tx.now,
        **dataclasses.asdict(kept),
    )
    tx.put(output)
    return output.id


def _await_effect(tx: Transaction, action: Action) -> Action:
    awaited = action.verification
    if awaited is None:
        return action
    job_id = put_job(tx, action, VERIFY_ACTION, SYSTEM, tx.now + runs.next_look(awaited))
    return msgspec.structs.replace(action, verification=msgspec.structs.replace(awaited, job_id=job_id))


def _record_look(case: ActionCase, job: Job, result: ActionVerified) -> str | None:
    tx, awaited = case.tx, case.action.verification
    if awaited is None or awaited.job_id != job.id:
        return "nobody waits for this look any more"
    activity = tx.find(Activity, case.action.incident_id)
    firing = activity.firing_count if activity is not None else 0
    verdict = msgspec.structs.replace(result.verdict, words=redact(result.verdict.words)[0])
    after, drafts, wait = runs.look_at(case.action, awaited, verdict, firing, tx.now)
    if wait > timedelta():
        tx.put(_await_effect(tx, after))
    else:
        keep(tx, after, drafts)
    return None
