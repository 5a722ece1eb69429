"""Read the end of a container's log from an API server, and say why there is none."""

from collections.abc import Mapping
from urllib.parse import quote

from services.graph.adapters.kube_answers import OK, read_status, text_of
from services.graph.adapters.kube_http import Answer, Deadline, KubeHttp, Trouble
from services.graph.ports import Limits, LogRead, LogState

# Where lines are so long that the limit of bytes cut the newest away, this much fewer are asked for, once.
_FEWER = 10


def read_log(
    http: KubeHttp, where: tuple[str, str, str], limits: Limits, deadline: Deadline, *, previous: bool
) -> LogRead:
    """Return the last lines of a container's log. ``where`` is its namespace, pod and name."""
    namespace, pod, container = where
    path = f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(pod, safe='')}/log"
    query = {"container": container, "limitBytes": str(limits.log_bytes)}
    if previous:
        query["previous"] = "true"
    answer = _ask(http, path, query, limits.log_lines, deadline)
    if _is_cut(answer, limits):
        # A kubelet goes back by lines first and then sends so many bytes forward: the end is what would be missing.
        shorter = _ask(http, path, query, max(1, limits.log_lines // _FEWER), deadline)
        answer = shorter if shorter.status == OK and not shorter.trouble else answer
    return _judge(answer, limits)


def _ask(http: KubeHttp, path: str, query: Mapping[str, str], lines: int, deadline: Deadline) -> Answer:
    # Tried once: what fails here is most often a node, which is as dead a second later.
    return http.get(path, {**query, "tailLines": str(lines)}, deadline, accept="*/*", tries=1)


def _is_cut(answer: Answer, limits: Limits) -> bool:
    return answer.status == OK and not answer.trouble and len(answer.body) >= limits.log_bytes


def _judge(answer: Answer, limits: Limits) -> LogRead:
    if answer.trouble:
        state = LogState.TIMEOUT if answer.trouble is Trouble.TIMEOUT else LogState.UNAVAILABLE
        return LogRead(state, _lines(answer, limits) if answer.status == OK else (), answer.reason)
    if answer.status == OK:
        return _judge_text(answer, limits)
    return _judge_failure(answer)


def _judge_failure(answer: Answer) -> LogRead:
    match answer.status:
        case 400:
            return _judge_bad_request(text_of(answer))
        case 403:
            return _judge_refusal(answer)
        case 404:
            return _judge_not_found(answer)
        case 504:
            return LogRead(LogState.TIMEOUT, reason="the node did not answer in time (504)")
        case 401:
            return LogRead(LogState.UNAVAILABLE, reason="the server does not accept the credentials (401)")
        case status:
            return LogRead(LogState.UNAVAILABLE, reason=f"the node or the server failed ({status})")


def _judge_text(answer: Answer, limits: Limits) -> LogRead:
    lines = _lines(answer, limits)
    if len(lines) == 1 and lines[0].startswith(_GONE):
        # The kubelet says so in the log's place, with status 200.
        return LogRead(LogState.UNAVAILABLE, reason="the node no longer has the log")
    return LogRead(LogState.OK, lines)


def _judge_bad_request(text: str) -> LogRead:
    if "previous terminated container" in text:
        return LogRead(LogState.NO_PREVIOUS, reason="the container has no earlier instance")
    if "waiting to start" in text or "ContainerCreating" in text or "PodInitializing" in text:
        _, _, why = text.partition("waiting to start: ")
        return LogRead(LogState.WAITING, reason=f"the container has not begun{': ' + why[:200] if why else ''}")
    if "is not valid for pod" in text:
        return LogRead(LogState.NOT_FOUND, reason="the pod has no such container")
    return LogRead(LogState.UNAVAILABLE, reason="the server did not take the request (400)")


def _judge_refusal(answer: Answer) -> LogRead:
    status = read_status(answer)
    if status is None or "nodes/proxy" in text_of(answer) or "resource=nodes" in text_of(answer):
        # The kubelet refused the API server; that is no right of the account.
        return LogRead(LogState.UNAVAILABLE, reason="the node refuses the API server (403)")
    return LogRead(LogState.FORBIDDEN, reason="the account may not get pods/log")


def _judge_not_found(answer: Answer) -> LogRead:
    if read_status(answer) is None:
        return LogRead(LogState.UNAVAILABLE, reason="the node knows nothing of the log (404)")
    return LogRead(LogState.NOT_FOUND, reason="there is no such pod")


def _lines(answer: Answer, limits: Limits) -> tuple[str, ...]:
    text = answer.body[: limits.log_bytes].decode("utf-8", "replace").removesuffix("\n")
    return tuple(line.removesuffix("\r") for line in text.split("\n")[-limits.log_lines :]) if text else ()


_GONE = "unable to retrieve container logs for "
