"""Labels that are nearly a selector: where a Service that selects nothing was meant to go."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.backing import is_done
from services.graph.domain.rules.base import View
from services.graph.domain.rules.once import once
from services.graph.domain.walking.ownership import top_owner

# So many pods that share a label are compared: they are of few workloads, and each is as good as the next.
_MOST_SHARING = 100
# A word of fewer letters is part of too many others.
_LEAST_PART = 3
_MOST_EDITS = 2


class Likeness(NamedTuple):
    """What has the labels, how many pairs match, and the pairs that differ (None: the label is absent)."""

    of: Ref
    matching: int
    differing: dict[str, tuple[str, str | None]]


def nearest(view: View, namespace: str | None, selector: Mapping[str, str]) -> Likeness | None:
    """Return what has the labels nearest to a selector: most pairs match, then most of the others are similar.

    None where no pair matches and no value is similar.
    """
    best: tuple[tuple[int, int], Pod] | None = None
    for pod in _candidates(view.inventory, namespace, selector):
        alike = sum(_is_similar(want, pod.labels.get(key)) for key, want in selector.items())
        score = (sum(pod.labels.get(key) == want for key, want in selector.items()), alike)
        if best is None or score > best[0]:
            best = (score, pod)
    if best is None:
        return None
    (matching, _), pod = best
    differing = {key: (want, pod.labels.get(key)) for key, want in selector.items() if pod.labels.get(key) != want}
    return Likeness(top_owner(view.inventory, pod), matching, differing)


def _candidates(inventory: Inventory, namespace: str | None, selector: Mapping[str, str]) -> Iterable[Pod]:
    values = _values(inventory)
    for key, want in selector.items():
        sharing = inventory.pods_matching(namespace, {key: want})
        yield from (pod for pod in sharing[:_MOST_SHARING] if not is_done(pod))
        yield from (pod for have, pod in values.get((namespace, key), {}).items() if _is_similar(want, have))


@once
def _values(inventory: Inventory) -> dict[tuple[str | None, str], dict[str, Pod]]:
    """Return for each label in each namespace its values, each with a pod that has it."""
    found: dict[tuple[str | None, str], dict[str, Pod]] = defaultdict(dict)
    for pod in inventory.all(Pod):
        for key, value in pod.labels.items() if not is_done(pod) else ():
            found[pod.metadata.namespace, key].setdefault(value, pod)
    return dict(found)


def _is_similar(want: str, have: str | None) -> bool:
    """Answer whether one value is part of the other, or two edits make one of the other."""
    if not have or want == have:
        return False
    short, long = sorted((want.lower(), have.lower()), key=len)
    return (len(short) >= _LEAST_PART and short in long) or _is_near(short, long)


def _is_near(short: str, long: str) -> bool:
    # Words under five letters are never taken for each other.
    if len(short) <= _MOST_EDITS + 2 or len(long) - len(short) > _MOST_EDITS:
        return False
    # Two edits leave one of three parts as it was: of most words none is in the other, which is quickly seen.
    third = len(short) // 3
    if not any(part in long for part in (short[:third], short[third : 2 * third], short[2 * third :])):
        return False
    row = list(range(len(long) + 1))
    for i, left in enumerate(short, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(long, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
        if min(row) > _MOST_EDITS:
            return False
    return row[-1] <= _MOST_EDITS
