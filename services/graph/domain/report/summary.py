"""The one sentence that answers: what is wrong, or what is not known."""

from collections.abc import Sequence

from services.graph.domain.ranking.ranking import Hypothesis
from services.graph.domain.ranking.verdict import Judgement
from shared.contracts.diagnosis import DiagnosedResource, Verdict


def name_of(resource: DiagnosedResource) -> str:
    """Return how people call it: its kind, then its namespace and name."""
    return f"{resource.kind} {'/'.join(part for part in (resource.namespace, resource.name) if part)}"


def summarise(resource: DiagnosedResource, judgement: Judgement, hypotheses: Sequence[Hypothesis]) -> str:
    """Return the summary of a diagnosis."""
    match judgement.verdict:
        case Verdict.UNHEALTHY:
            return _of_trouble(hypotheses)
        case Verdict.HEALTHY:
            return f"{name_of(resource)} is healthy as far as the API server shows."
        case Verdict.NOT_FOUND:
            return f"{name_of(resource)} does not exist."
        case _:
            return _of_doubt(resource, judgement)


def _of_doubt(resource: DiagnosedResource, judgement: Judgement) -> str:
    name = name_of(resource)
    if judgement.verdict is Verdict.NOT_ALLOWED:
        if resource.kind == "Cluster":
            return "This account may not list the pods of the whole cluster; name a namespace it may read."
        return f"This account may not read {name}; whether it exists is not known."
    if judgement.missing:
        kinds = ", ".join(judgement.missing)
        return f"Nothing is known to be wrong with {name}, but {kinds} could not be read, so it may be."
    return f"{name} could not be read, so nothing can be said of it."


def _of_trouble(hypotheses: Sequence[Hypothesis]) -> str:
    causes = [one for one in hypotheses if one.is_tied and one.follows_from is None]
    lead = (causes or list(hypotheses))[0]
    more = len(causes) - 1
    others = f" {more} more {'cause is' if more == 1 else 'causes are'} possible." if more > 0 else ""
    text = lead.lead.hit.summary or lead.lead.rule.title
    # Many rules name the culprit themselves.
    said = text if str(lead.culprit) in text else f"{lead.culprit}: {text}"
    return f"{said.rstrip('.')}.{others}"
