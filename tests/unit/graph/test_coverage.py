"""What reads prove, by kind and namespace."""

import pytest

from services.graph.domain.reading.coverage import Coverage, CoverageEntry, CoverageState


def an_entry(state: str, namespace: str | None = None, kind: str = "Pod", verb: str = "list") -> CoverageEntry:
    return CoverageEntry(kind=kind, verb=verb, state=CoverageState(state), namespace=namespace)


@pytest.mark.parametrize(
    ("entries", "proves"),
    [
        ([], False),
        ([an_entry("ok")], True),
        ([an_entry("ok", "shop")], True),
        ([an_entry("ok", "other")], False),
        ([an_entry("ok", kind="Node")], False),
        ([an_entry("ok", verb="get")], False),
        ([an_entry("forbidden"), an_entry("ok", "shop")], True),
        ([an_entry("ok"), an_entry("timeout", "shop")], True),
        ([an_entry("truncated"), an_entry("forbidden", "shop")], False),
        ([an_entry("partial"), an_entry("ok")], True),
    ],
)
def test_only_a_whole_read_of_the_place_proves_absence(entries, proves):
    assert Coverage(tuple(entries)).proves_absence("Pod", "shop") is proves
    assert Coverage().plus(entries).proves_absence("Pod", "shop") is proves


def test_the_best_read_counts_and_none_is_none():
    coverage = Coverage((an_entry("timeout"), an_entry("partial", "shop"), an_entry("forbidden", "shop")))

    assert coverage.state("Pod", "shop") is CoverageState.PARTIAL
    assert coverage.state("Pod", "other") is CoverageState.TIMEOUT
    assert coverage.state("Node", None) is None
    assert coverage == Coverage(coverage.entries)
