import msgspec

from services.graph.domain.evidence.revisions import diff_templates, last_change
from services.graph.domain.k8s.pods import PodTemplate
from tests.support.cluster import an_inventory
from tests.support.rule_cases import a_container, a_deployment, a_replica_set, an_event, ref


def template(**spec):
    return msgspec.convert({"spec": spec}, PodTemplate)


def words(old, new):
    return [str(change) for change in diff_templates(old, new)]


def test_what_changed_is_told_in_words():
    old = template(containers=[a_container(image="web:1", resources={"limits": {"memory": "1Gi"}})])
    new = template(containers=[a_container(image="web:2", resources={"limits": {"memory": "64Mi"}})])

    assert words(old, new) == ["image of web: web:1 → web:2", "limits memory of web: 1Gi → 64Mi"]


def test_variables_commands_probes_and_accounts_are_compared():
    old = template(containers=[a_container(env=[{"name": "MODE", "value": "a"}], command=["run"])])
    probe = {"httpGet": {"port": 80}}
    new = template(
        serviceAccountName="web",
        nodeSelector={"gpu": "yes"},
        containers=[a_container(env=[{"name": "MODE", "value": "b"}], livenessProbe=probe), a_container("side")],
    )

    assert words(old, new) == [
        "containers side: — → there",
        "command of web: run → —",
        "env MODE of web: a → b",
        "probe liveness of web: — → other",
        "account serviceAccountName: — → web",
        "node gpu: — → yes",
    ]


def test_the_value_of_a_variable_with_a_secret_name_is_not_shown():
    old = template(containers=[a_container(env=[{"name": "DB_PASSWORD", "value": "hunter2"}])])
    new = template(containers=[a_container(env=[{"name": "DB_PASSWORD", "value": "hunter3"}])])

    (change,) = words(old, new)
    assert "hunter" not in change


def test_equal_templates_differ_in_nothing():
    assert words(template(containers=[a_container()]), template(containers=[a_container()])) == []


def test_a_rollback_counts_from_when_its_replica_set_was_scaled_up():
    deployment = a_deployment()
    before = a_replica_set(deployment, 3, spec={"template": {"spec": {"containers": [a_container(image="web:3")]}}})
    newest = a_replica_set(deployment, 4, spec={"template": {"spec": {"containers": [a_container(image="web:2")]}}})
    event = an_event(ref("Deployment", "web"), "ScalingReplicaSet", "Scaled up replica set web-4 from 0 to 1", 5)

    change = last_change(an_inventory(deployment, before, newest, event), deployment)

    assert (change.before, change.revision) == (3, 4)
    assert change.at == event.last_at
    assert [str(one) for one in change.changes] == ["image of web: web:3 → web:2"]


def test_a_first_revision_has_no_change():
    deployment = a_deployment()

    assert last_change(an_inventory(deployment, a_replica_set(deployment)), deployment) is None
