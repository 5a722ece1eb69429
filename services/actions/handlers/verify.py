"""One look at whether a change had its effect. Whoever asks decides how often, and until when."""

from services.actions.domain.kinds import ENDPOINT_SLICE, POD
from services.actions.domain.objects import KubeObject
from services.actions.domain.verification import judge
from services.actions.errors import KubeError, TargetNotFound
from services.actions.ports import KubeClient, Selection
from shared.contracts.action import Expectation, ExpectationCheck, Verdict, VerdictState


def verify(expectation: Expectation, client: KubeClient) -> Verdict:
    """Return what one look says. What could not be read is ``not_seen``, with the reason: a later look may succeed."""
    try:
        return _look(expectation, client)
    except KubeError as error:
        return Verdict(state=VerdictState.NOT_SEEN, words=f"it could not be looked at: {error}")


def _look(expectation: Expectation, client: KubeClient) -> Verdict:
    kind = client.find_kind(expectation.kind)
    if kind is None:
        return Verdict(state=VerdictState.CANNOT_HOLD, words="the server does not know the kind")
    try:
        seen = client.read(kind, expectation.namespace, expectation.name)
    except TargetNotFound:
        seen = KubeObject()
    return judge(expectation, kind, seen, _others(expectation, client) if seen.exists else ())


def _others(expectation: Expectation, client: KubeClient) -> tuple[KubeObject, ...]:
    match expectation.check:
        case ExpectationCheck.DRAINED:
            return client.list(Selection(POD, fields=f"spec.nodeName={expectation.name}"))
        case ExpectationCheck.ENDPOINTS:
            labels = f"kubernetes.io/service-name={expectation.name}"
            return client.list(Selection(ENDPOINT_SLICE, expectation.namespace, labels=labels))
        case _:
            return ()
