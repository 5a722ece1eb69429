"""The same cluster with each of its APIs in turn refused, absent, slow, cut or broken: less is known, not wrongly."""

import re
from functools import cache

import pytest

from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import KINDS
from services.graph.domain.rules.catalogue import RULES
from services.graph.handlers.diagnose import diagnose_resource
from services.graph.handlers.diagnose_scope import diagnose_scope
from shared.contracts.diagnosis import DiagnosedResource, Diagnosis, DiagnosisStatus, Verdict
from tests.support.clock import FixedClock
from tests.support.cluster import NOW
from tests.support.degraded import LOGS, DegradedCluster
from tests.support.small_rules import SMALL_RULES
from tests.support.small_shop import WELL, a_shop

LOSSES = [state for state in CoverageState if state is not CoverageState.OK]
RULE_SETS = {"the catalogue": RULES, "a few rules": SMALL_RULES}
# What the shop refers to and does not have.
_REALLY_ABSENT = ("mail-config", "StorageClass fast")
# Words by which rules say that something is not there.
_ABSENCE = re.compile(
    r"does not exist|do not exist|no such|not found|matches no|selects no|is absent|is missing|none exists"
)
_TARGETS = [("Deployment", "checkout"), ("Deployment", "mail"), ("StatefulSet", "orders"), ("Service", "lost"),
            ("Deployment", "web")]  # fmt: skip


def _cluster(source, rules):
    last = list(diagnose_scope(source, None, clock=FixedClock(NOW), rules=RULE_SETS[rules]))[-1]
    assert isinstance(last, Diagnosis)
    return last


@cache
def _whole(rules):
    return _cluster(a_shop(), rules)


@cache
def _target(kind, name, rules):
    return _one(a_shop(), kind, name, rules)


def _one(source, kind, name, rules):
    resource = DiagnosedResource(namespace="shop", kind=kind, name=name)
    return diagnose_resource(source, resource, clock=FixedClock(NOW), rules=RULE_SETS[rules])


def _claims(diagnosis):
    """Return what it says does not exist: each sentence with the object it is about."""
    found = set()
    for one in (*diagnosis.hypotheses, *diagnosis.findings):
        texts = [one.title, *(seen.observation for seen in one.evidence if seen.kind != "log")]
        found |= {(one.subject.name, text) for text in texts if _ABSENCE.search(text)}
    return found


def _is_false(name, text, unread):
    """Answer whether a claim is wrong, or right without anybody having been able to know it."""
    if any(re.search(rf"\b{kind} \S+ (which )?does not exist|[Nn]o {kind} \S+", text) for kind in unread):
        return True
    return name not in {"lost", "orders", "orders-0"} and not any(word in text for word in _REALLY_ABSENT)


def _confidences(diagnosis):
    return {one.culprit: one.confidence for one in diagnosis.hypotheses}


def _assert_no_more_than(less, whole, unread=()):
    known = _claims(whole)
    for name, text in _claims(less):
        assert (name, text) in known or not _is_false(name, text, unread), f"{name}: {text}"
    blamed = {one.culprit.name for one in less.hypotheses if isinstance(one.culprit, DiagnosedResource)}
    assert not blamed & WELL
    confidences = _confidences(whole)
    for culprit, confidence in _confidences(less).items():
        assert confidence <= confidences.get(culprit, 1.0) + 1e-9, culprit


@pytest.mark.parametrize("rules", RULE_SETS)
@pytest.mark.parametrize("state", LOSSES)
@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_a_kind_that_cannot_be_read_whole_makes_nothing_missing_and_nothing_surer(kind, state, rules):
    less = _cluster(DegradedCluster(a_shop(), state, {kind}), rules)

    _assert_no_more_than(less, _whole(rules), {kind})


@pytest.mark.parametrize("state", [state for state in LOSSES if state is not CoverageState.MISSING])
@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_coverage_names_what_could_not_be_read(kind, state):
    less = _cluster(DegradedCluster(a_shop(), state, {kind}), "a few rules")

    notes = [note for note in less.coverage if note.kind == kind]
    assert notes
    assert {note.state for note in notes} == {str(state)}
    assert less.status is DiagnosisStatus.PARTIAL
    if state is CoverageState.FORBIDDEN:
        assert all(note.grant.verbs == ("list",) for note in notes)


@pytest.mark.parametrize("rules", RULE_SETS)
@pytest.mark.parametrize("state", LOSSES)
@pytest.mark.parametrize("kind", ["Pod", "ReplicaSet", "Service", "EndpointSlice", "ConfigMap", "Event", "StorageClass",
                                  "PersistentVolumeClaim", "Node", "Namespace", LOGS])  # fmt: skip
def test_a_diagnosis_of_one_object_degrades_the_same_way(kind, state, rules):
    source = DegradedCluster(a_shop(), state, {kind})
    for target in _TARGETS:
        _assert_no_more_than(_one(source, *target, rules), _target(*target, rules), {kind})


@pytest.mark.parametrize("rules", RULE_SETS)
@pytest.mark.parametrize("state", LOSSES)
def test_a_cluster_that_tells_nothing_gives_an_answer_that_blames_nobody(state, rules):
    source = DegradedCluster(a_shop(), state)

    diagnosis = _cluster(source, rules)

    # Half the objects still come where a read is cut: what those show is true.
    if state not in {CoverageState.PARTIAL, CoverageState.TRUNCATED}:
        assert diagnosis.hypotheses == ()
        assert diagnosis.verdict in {Verdict.NOT_ALLOWED, Verdict.CANNOT_TELL}
    _assert_no_more_than(diagnosis, _whole(rules))


@pytest.mark.parametrize("state", LOSSES)
def test_logs_that_cannot_be_read_cost_their_lines_alone(state):
    less = _one(DegradedCluster(a_shop(), state, {LOGS}), "Deployment", "checkout", "a few rules")

    assert less.verdict is Verdict.UNHEALTHY
    assert [note.verb for note in less.coverage] == ["get logs"]
    assert less.hypotheses[0].culprit.name == "checkout"
