"""Rules for Jobs and CronJobs."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from services.graph.domain.evidence.exit_codes import explain_exit
from services.graph.domain.evidence.pod_state import is_job_complete, is_older, is_outdone, parts_of
from services.graph.domain.evidence.witness import events_about, seen, seen_condition, seen_event, seen_lines
from services.graph.domain.k8s.events import Event
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, find_condition
from services.graph.domain.k8s.workloads import CronJob, Job
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_WEEK = timedelta(days=7)
# The CronJob controller looks every ten seconds: a shorter deadline may miss every start (batch/v1).
_LEAST_DEADLINE = 10
_FIELDS, _MACRO = 5, re.compile(r"^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every .+)$")
_FIELD = re.compile(r"^[\d*?A-Za-z,/#L-]+$")


def _failed(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Job) or is_job_complete(thing) or is_outdone(view.inventory, thing):
        return
    failed = find_condition(thing.status.conditions, "Failed") or find_condition(
        thing.status.conditions, "FailureTarget"
    )
    if failed is None or failed.status != "True":
        return
    owner = top_owner(view.inventory, thing)
    marks = [seen_condition(thing, failed), seen(thing, "status.failed", f"{thing.status.failed or 0} pods failed.")]
    events = events_about(view, thing, "BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy")
    marks += [*map(seen_event, events[:1]), *_attempts(view, thing)]
    summary = f"It failed: {failed.message or failed.reason}"
    name, namespace = thing.metadata.name, thing.metadata.namespace or ""
    read = Remedy("Read the log of its last attempt.", ("kubectl", "logs", f"job/{name}", "-n", namespace), "low")
    explains = (thing.ref,) if owner != thing.ref else ()
    yield Hit(thing.ref, summary, tuple(marks), owner, explains=explains, remedies=(read,))


def _attempts(view: View, job: Job) -> Iterator[Seen]:
    pods = [one for one in view.inventory.owned_by(job) if isinstance(one, Pod) and one.status.phase == "Failed"]
    pods.sort(key=lambda pod: pod.metadata.name)
    for pod in pods[-3:]:
        for part in parts_of(pod):
            if part.ended and part.ended.exit_code:
                words = f"Pod {pod.metadata.name}: {explain_exit(part.ended.exit_code, part.ended.reason or '')}."
                yield seen(pod, f"{part.path}.state.terminated", words, part.ended.finished_at)
                lines = view.logs.lines(pod.ref, part.name, previous=False)
                if lines:
                    yield seen_lines(pod.ref, part.name, lines, "Its last lines.")


def _failing_now(view: View, thing: KubeObject) -> Iterator[Hit]:
    """A Job that has failed attempts and goes on trying."""
    if not isinstance(thing, Job) or is_job_complete(thing) or is_outdone(view.inventory, thing) or thing.spec.suspend:
        return
    if any(one.type in {"Failed", "FailureTarget"} and one.status == "True" for one in thing.status.conditions or ()):
        return
    failed = thing.status.failed or 0
    if failed < 2 or thing.status.succeeded:  # noqa: PLR2004 - one attempt may fail for a moment's reason.
        return
    limit = 6 if thing.spec.backoff_limit is None else thing.spec.backoff_limit
    summary = f"{failed} attempts failed; it gives up after {limit} retries."
    marks = (seen(thing, "status.failed", summary), *_attempts(view, thing))
    yield Hit(thing.ref, summary, marks, top_owner(view.inventory, thing))


def _suspended(_view: View, thing: KubeObject) -> Iterator[Hit]:
    if isinstance(thing, Job | CronJob) and thing.spec.suspend and not _is_done(thing):
        kind, name, namespace = thing.KIND.lower(), thing.metadata.name, thing.metadata.namespace or ""
        patch = '{"spec":{"suspend":false}}'
        argv = ("kubectl", "patch", kind, name, "-n", namespace, "-p", patch)
        mark = seen(thing, "spec.suspend", "It is suspended.")
        yield Hit(thing.ref, "It is suspended: it starts nothing.", (mark,), remedies=(Remedy("Let it go on.", argv),))


def _is_done(thing: KubeObject) -> bool:
    return isinstance(thing, Job) and is_job_complete(thing)


def _cron_failing(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, CronJob) or thing.spec.suspend:
        return
    ended = [one for one in _jobs(view.inventory, thing) if _outcome(one) is not None]
    if not ended or _outcome(ended[-1]) is not False:
        return
    failed = [one for one in ended if _outcome(one) is False]
    last = thing.status.last_successful_time
    never = (
        f"never succeeded since {thing.metadata.creation_timestamp:%Y-%m-%d}"
        if thing.metadata.creation_timestamp
        else ""
    )
    marks = [
        seen(one, "status.conditions[type=Failed]", f"Job {one.metadata.name} failed.", _made(one))
        for one in failed[-3:]
    ]
    marks.append(
        seen(thing, "status.lastSuccessfulTime", f"It succeeded last at {last}." if last else f"It {never}.", last)
    )
    marks += _attempts(view, ended[-1])
    steps = ((0.05, "it has failed more than once in a row"),) if len(failed) > 1 else ()
    summary = f"Its last Job {ended[-1].metadata.name} failed."
    explains = tuple(one.ref for one in failed)
    yield Hit(thing.ref, summary, tuple(marks), steps=steps, explains=explains)


def _jobs(inventory: Inventory, cron: CronJob) -> list[Job]:
    """Return its Jobs, the newest last; those a person started by hand are among them."""
    jobs = [one for one in inventory.owned_by(cron) if isinstance(one, Job)]
    return sorted(jobs, key=lambda job: (_made(job).timestamp() if _made(job) else 0.0, job.metadata.name))  # type: ignore[union-attr]


def _made(job: Job) -> datetime | None:
    return job.metadata.creation_timestamp


def _outcome(job: Job) -> bool | None:
    if is_job_complete(job):
        return True
    failed = find_condition(job.status.conditions, "Failed")
    return False if failed and failed.status == "True" else None


def _cron_unsuccessful(view: View, thing: KubeObject) -> Iterator[Hit]:
    """It was started long before it last succeeded, and its Jobs could not be read, or are gone."""
    if not isinstance(thing, CronJob) or thing.spec.suspend or any(_jobs(view.inventory, thing)):
        return
    started, succeeded = thing.status.last_schedule_time, thing.status.last_successful_time
    if started is None or thing.status.active or not is_older(started, view.now, timedelta(hours=1)):
        return
    if succeeded is None or succeeded < started:
        words = f"It was started last at {started}, and succeeded last at {succeeded or 'no time'}."
        yield Hit(thing.ref, "It has not succeeded since it was started.", (seen(thing, "status", words, started),))


def _cron_schedule(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, CronJob):
        return
    events = events_about(view, thing, "UnparseableSchedule", "InvalidSchedule", "UnknownTimeZone")
    if not events and _is_schedule(thing.spec.schedule or ""):
        return
    summary = f"Its schedule cannot be understood: {thing.spec.schedule!r} {thing.spec.time_zone or ''}".rstrip()
    marks = (seen(thing, "spec.schedule", summary), *map(seen_event, events[:1]))
    yield Hit(thing.ref, summary, marks)


def _is_schedule(text: str) -> bool:
    words = text.split()
    if words and words[0].startswith(("TZ=", "CRON_TZ=")):
        words = words[1:]
    if _MACRO.match(" ".join(words)):
        return True
    return len(words) == _FIELDS and all(_FIELD.match(word) for word in words)


def _cron_missed(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, CronJob) or thing.spec.suspend:
        return
    deadline = thing.spec.starting_deadline_seconds
    events = events_about(view, thing, "MissSchedule", "TooManyMissedTimes", "FailedNeedsStart", "JobAlreadyActive")
    telling = [one for one in (*_refused(view, thing), *events) if one.is_warning and one.reason != "JobAlreadyActive"]
    is_short = deadline is not None and deadline < _LEAST_DEADLINE
    since = thing.status.last_schedule_time or thing.metadata.creation_timestamp
    if telling or (is_short and is_older(since, view.now, _WEEK)):
        marks = [seen_event(one) for one in telling[:1]]
        if is_short:
            marks.append(
                seen(thing, "spec.startingDeadlineSeconds", f"{deadline} s: shorter than the controller's round.")
            )
        yield Hit(thing.ref, "It misses the times of its schedule.", tuple(marks))


def _refused(view: View, cron: CronJob) -> list[Event]:
    """Return the Event that says its last Job could not be created; none where one was created since."""
    failed, made = events_about(view, cron, "FailedCreate"), events_about(view, cron, "SuccessfulCreate")
    if not failed or (made and failed[0].last_at and made[0].last_at and made[0].last_at > failed[0].last_at):
        return []
    return failed[:1]


RULES: tuple[Rule, ...] = (
    Rule(
        id="job-failed",
        shows_only=True,
        title="A Job has failed",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(Job,),
        condition="the condition Failed is True, and no later Job of its CronJob has succeeded",
        explanation="It used up its retries or its time; nothing starts it again.",
        remediation="Read the log of its last attempt, mend it, and start it again.",
        base=0.9,
        check=_failed,
        conditions=(37,),
    ),
    Rule(
        id="job-attempts-failing",
        shows_only=True,
        title="The attempts of a Job fail",
        layer=Layer.APP,
        severity=Severity.MEDIUM,
        kinds=(Job,),
        condition="two or more pods failed, none succeeded, and it has not given up",
        explanation="Each retry waits longer than the one before.",
        remediation="Read the log of its last attempt.",
        base=0.75,
        check=_failing_now,
        conditions=(37,),
    ),
    Rule(
        id="job-suspended",
        title="Suspended",
        layer=Layer.APP,
        severity=Severity.INFO,
        kinds=(Job, CronJob),
        condition="spec.suspend is true",
        explanation="Often on purpose: it starts nothing until someone lets it go on.",
        remediation="Set suspend to false.",
        base=0.8,
        check=_suspended,
        conditions=(38,),
        is_advice=True,
    ),
    Rule(
        id="cronjob-failing",
        shows_only=True,
        title="The Jobs of a CronJob fail",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(CronJob,),
        condition="its newest Job that ended has failed",
        explanation="What it does on schedule is not done.",
        remediation="Read the log of its newest Job.",
        base=0.85,
        check=_cron_failing,
        conditions=(37, 39),
    ),
    Rule(
        id="cronjob-not-succeeding",
        shows_only=True,
        title="A CronJob has not succeeded since it was started",
        layer=Layer.APP,
        severity=Severity.MEDIUM,
        kinds=(CronJob,),
        condition="lastSuccessfulTime is before lastScheduleTime for more than an hour, and none of its Jobs was seen",
        explanation="Its Jobs are gone or could not be read; that it did not succeed is in its own status.",
        remediation="Keep failed Jobs, and read the log of the next.",
        base=0.6,
        check=_cron_unsuccessful,
        conditions=(39,),
    ),
    Rule(
        id="cronjob-schedule-invalid",
        title="A schedule nobody understands",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(CronJob,),
        condition="the schedule is no cron expression, or an Event says so of it or its time zone",
        explanation="The controller never starts it.",
        remediation="Mend spec.schedule or spec.timeZone.",
        base=0.85,
        check=_cron_schedule,
        conditions=(39,),
    ),
    Rule(
        id="cronjob-missing-starts",
        title="A CronJob misses its times",
        layer=Layer.APP,
        severity=Severity.MEDIUM,
        kinds=(CronJob,),
        condition="a warning tells of missed starts, or its deadline is under 10 s and it has not run for a week",
        explanation="A start that is later than startingDeadlineSeconds is left out.",
        remediation="Raise startingDeadlineSeconds; see to the controller manager.",
        base=0.75,
        check=_cron_missed,
        conditions=(39,),
    ),
)
