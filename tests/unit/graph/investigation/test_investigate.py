"""An incident investigated: what surrounds it, what is wrong, what was changed, the same each time."""

from datetime import timedelta

import msgspec

from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.keepsake import recall
from services.graph.handlers.investigate import investigate
from shared.contracts.diagnosis import DiagnosisStatus
from shared.contracts.investigation import (
    InvestigationQuestion,
    SeedSignal,
    Trigger,
    decode_investigation,
    decode_question,
    encode_investigation,
    encode_question,
)
from shared.contracts.signal import EntityHint
from tests.support.clock import FixedClock
from tests.support.cluster import NOW, an_object
from tests.support.degraded import DegradedCluster
from tests.support.memory_cluster import MemoryCluster
from tests.support.small_rules import SMALL_RULES
from tests.support.small_shop import a_deployment, a_shop, shop_objects

CHECKOUT = "Deployment/shop/checkout"


def _question(kind="deployment", name="checkout", namespace="shop", **fields):
    entity = EntityHint(kind=kind, name=name, namespace=namespace)
    return InvestigationQuestion(incident_id="inc_1", trigger=Trigger.OPENED, entities=(entity,), **fields)


def _investigate(source=None, question=None, **more):
    source, question = source or a_shop(), question or _question()
    return investigate(source, question, clock=FixedClock(NOW), version="1", rules=SMALL_RULES, **more)


def test_the_culprit_comes_first_and_the_graph_shows_what_surrounds_the_seed():
    found, _ = _investigate()

    assert found.hypotheses[0].culprit.name == "checkout"
    assert "checkout" in found.summary
    entities = {entity.id: entity for entity in found.entities}
    assert (entities[CHECKOUT].is_seed, entities[CHECKOUT].hops, entities[CHECKOUT].layer) == (True, 0, "app")
    assert {"Pod/shop/checkout-7c9b-x1", "Service/shop/checkout", "Deployment/shop/web"} <= entities.keys()
    assert {edge.source for edge in found.edges} | {edge.target for edge in found.edges} <= entities.keys()
    assert all(edge.rationale and edge.origin.field_path for edge in found.edges)
    assert "Deployment/shop/web" in found.blast_radius.upstream


def test_the_same_cluster_at_the_same_moment_gives_the_same_answer_in_whatever_order_it_lists():
    objects = shop_objects()

    one, other = _investigate(MemoryCluster(objects, name="t")), _investigate(MemoryCluster(objects[::-1], name="t"))

    assert one[1] == other[1]
    assert encode_investigation(one[0]) == encode_investigation(other[0])


def test_asked_again_later_it_adds_no_id_that_is_not_new():
    first, _ = _investigate()
    later = FixedClock(NOW + timedelta(minutes=5))
    again, _ = investigate(a_shop(), _question(), clock=later, version="1", rules=SMALL_RULES)

    assert again.id != first.id
    for ids in (_ids("entities"), _ids("edges"), _ids("correlations")):
        assert ids(again) == ids(first)


def _ids(part):
    return lambda found: {one.id for one in getattr(found, part)}


def test_what_a_signal_names_is_tied_to_it_and_to_what_owns_it():
    signal = SeedSignal(id="alert-1", labels={"namespace": "shop", "pod": "checkout-7c9b-x1"})
    found, _ = _investigate(question=InvestigationQuestion(incident_id="i", signals=(signal,)))

    weights = {one.entity: one.weight for one in found.correlations if one.subject == "alert-1"}
    assert weights == {"Pod/shop/checkout-7c9b-x1": 1.0, CHECKOUT: 0.8}
    findings = [one for one in found.correlations if one.subject_kind == "finding"]
    assert CHECKOUT in {one.entity for one in findings}
    known = {entity.id for entity in found.entities}
    assert {one.entity for one in found.correlations} <= known
    assert all(one.rationale for one in found.correlations)


def test_what_changed_since_what_was_kept_is_told_with_both_values_and_raises_its_object():
    _, body = _investigate()
    before = recall(body)
    managed = [{"manager": "kubectl-edit", "time": (NOW - timedelta(minutes=10)).isoformat()}]
    changed = []
    for thing in shop_objects():
        if thing.ref.name == "web-config":
            meta = {"uid": before.find_ref(thing.ref).metadata.uid, "resourceVersion": "2", "managedFields": managed}
            changed.append(an_object("ConfigMap", "web-config", metadata=meta, data={"MODE": "slow"}))
        else:
            changed.append(_as_before(before, thing))

    question = _question(name="web", onset=NOW - timedelta(minutes=5))
    found, _ = _investigate(MemoryCluster(changed, name="test"), question, earlier=before)

    change = next(one for one in found.changes if one.entity == "ConfigMap/shop/web-config")
    assert (change.before, change.after, change.by) == ("fast", "slow", "kubectl-edit")
    assert change.summary == "ConfigMap shop/web-config: data.MODE fast → slow"
    assert round(sum(step.delta for step in change.arithmetic), 4) == change.confidence


def _as_before(before, thing):
    was = before.find_ref(thing.ref)
    return was if was is not None else thing


def test_nothing_that_stayed_as_it_was_is_called_changed():
    source = a_shop()
    _, body = _investigate(source)

    found, _ = _investigate(source, earlier=recall(body))

    assert found.changes == ()


def test_what_it_calls_in_another_namespace_is_read_and_looked_at_too():
    calls = {"container": {"env": [{"name": "PAY", "value": "http://ledger.payments:80"}]}}
    ledger = an_object("Service", "ledger", "payments", spec={"selector": {"app": "ledger"}, "ports": [{"port": 80}]})
    config = an_object("ConfigMap", "rates", "payments", data={"A": "1"})
    source = MemoryCluster([*shop_objects(), *a_deployment("till", **calls), ledger, config], name="test")

    found, body = _investigate(source, _question(name="till"))

    assert "Service/payments/ledger" in {entity.id for entity in found.entities}
    assert ("ConfigMap", "payments") in source.asked
    assert recall(body).find_ref(config.ref) == config


def test_a_graph_too_large_is_cut_and_says_so():
    found, _ = _investigate(question=_question(max_entities=5))

    assert len([entity for entity in found.entities if entity.hops < 3]) <= 8
    assert any(cut.reason == "more were found than asked for" for cut in found.cut)


def test_what_is_named_and_does_not_exist_is_shown_as_absent_and_its_namespace_is_looked_at():
    found, _ = _investigate(question=_question("service", "ghost"))

    ghost = next(entity for entity in found.entities if entity.id == "Service/shop/ghost")
    assert (ghost.presence, ghost.is_seed) == ("absent", True)
    assert any(seed.entity == CHECKOUT for seed in found.seeds)


def test_an_incident_that_names_nothing_that_is_there_says_so():
    question = InvestigationQuestion(incident_id="i", services=("nobody",))

    found, body = _investigate(question=question)

    assert found.summary == "Nothing the incident names was found in the cluster."
    assert found.status is DiagnosisStatus.PARTIAL
    assert [(seed.entity, seed.hint) for seed in found.seeds] == [("", "service nobody")]
    assert recall(body).cluster == "test"


def test_a_cluster_that_answers_nothing_gives_a_partial_answer_that_blames_nobody():
    found, body = _investigate(DegradedCluster(a_shop(), CoverageState.FORBIDDEN))

    assert (found.hypotheses, found.changes) == ((), ())
    assert found.status is DiagnosisStatus.PARTIAL
    assert {entity.presence for entity in found.entities} == {"unknown"}
    assert found.coverage[0].grant
    assert len(recall(body)) == 0


def test_progress_is_told():
    told = []

    _investigate(progress=lambda text, done, total: told.append(text))

    assert any(text.startswith("read ") for text in told)
    assert any(text.startswith("run ") for text in told)


def test_question_and_answer_are_the_same_after_they_were_written_down():
    question = _question(signals=(SeedSignal(id="s", labels={"a": "b"}),), onset=NOW)
    found, _ = _investigate(question=question)

    assert decode_question(encode_question(question)) == question
    assert decode_investigation(encode_investigation(found)) == found
    assert msgspec.json.decode(encode_investigation(found))["incidentId"] == "inc_1"


def test_who_may_reach_whom_is_drawn_where_a_policy_shuts_the_door():
    found, _ = _investigate(
        MemoryCluster([one for one in shop_objects() if one.metadata.name != "allow-all"], name="t")
    )

    reach = [edge for edge in found.edges if edge.relation == "may_reach" and edge.state == "absent"]
    assert any(edge.target == "Pod/shop/checkout-7c9b-x1" and edge.layer == "network" for edge in reach)
    assert all(edge.origin.field_path and edge.rationale for edge in reach)
