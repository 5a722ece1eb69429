"""Rules for who may do what: bindings to roles that are not there, rights too wide, rights that are lacking."""

from collections.abc import Iterable, Iterator

from services.graph.domain.access.book import Binding, role_of
from services.graph.domain.access.dangers import danger_of
from services.graph.domain.access.question import ALL_ACCOUNTS, ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, Access
from services.graph.domain.access.refusals import Refused, parse_refusal
from services.graph.domain.evidence.pod_state import is_going, is_ready, parts_of
from services.graph.domain.evidence.witness import seen_event, seen_lines, warnings_about
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.rbac import ClusterRole, ClusterRoleBinding, Role, RoleBinding
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.k8s.workloads import (
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Job,
    ReplicaSet,
    StatefulSet,
)
from services.graph.domain.logs.rbac_trouble import access_book, explain_refusal
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.rules.once import once
from services.graph.domain.rules.showing import is_absent, is_leaving, is_settling, shown, shown_absent
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_BOOTSTRAPPED = "kubernetes.io/bootstrapping"
_CLUSTER_ADMIN = "cluster-admin"
_SYSTEM_NAMESPACE = "kube-system"
_EVERYBODY = (AUTHENTICATED, ALL_ACCOUNTS)


def _dangling(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, RoleBinding | ClusterRoleBinding) or not thing.role_ref.name:
        return
    role, users = role_of(thing), _pods_of(view, thing)
    if role is None or is_settling(view, thing) or is_leaving(view, thing):
        return
    kind = Role if role.kind == Role.KIND else ClusterRole
    if not is_absent(view, kind, role.namespace, role.name):
        return
    words = f"gives {role.kind} {role.name}"
    marks = (shown(thing, words, "roleRef"), shown_absent(view, kind, role.namespace, role.name))
    steps = ((0.1, "pods run as an account it names"),) if users else ()
    if not thing.subjects:
        steps = ((-0.3, "it names nobody"),)
    yield Hit(
        thing.ref,
        f"{thing.ref} {words}, which does not exist: whom it names have no right by it",
        marks,
        steps=steps,
        remedies=(
            Remedy(f"Create {role}, or make the binding anew with the right role; a roleRef cannot be changed."),
        ),
    )


@once
def _accounts_in_use(inventory: Inventory) -> frozenset[tuple[str | None, str]]:
    return frozenset((pod.metadata.namespace, pod.spec.service_account_name or "default") for pod in inventory.all(Pod))


def _pods_of(view: View, binding: Binding) -> bool:
    home, used = binding.metadata.namespace, _accounts_in_use(view.inventory)
    return any(
        one.kind == "ServiceAccount" and (one.namespace or home, one.name) in used for one in binding.subjects or ()
    )


def _too_wide(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, RoleBinding | ClusterRoleBinding) or _is_of_kubernetes(thing):
        return
    role, strangers = role_of(thing), _strangers(thing)
    if role is None or not strangers:
        return
    found = access_book(view.inventory).roles.find(role)
    is_brought = found is not None and _BOOTSTRAPPED in found.labels
    # In its own namespace somebody may well be the administrator.
    if is_brought and isinstance(thing, RoleBinding) and role.name != _CLUSTER_ADMIN:
        return
    for one, path in access_book(view.inventory).rules_given(thing):
        words = danger_of(one.rule)
        if words:
            where = f"in {thing.metadata.namespace}" if thing.metadata.namespace else "in the whole cluster"
            marks = (
                shown(thing, f"gives {role} to {', '.join(strangers[:3])}", "subjects"),
                Seen("object", path.holder, f"a rule by which one {words}", path.field_path),
            )
            summary = f"{', '.join(strangers[:3])} {words} {where}, by {thing.ref}"
            yield Hit(thing.ref, summary, marks, remedies=(Remedy("Give only the verbs and resources it needs."),))
            return


def _anonymous(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, RoleBinding | ClusterRoleBinding) or _is_of_kubernetes(thing):
        return
    role = role_of(thing)
    for at, one in enumerate(thing.subjects or ()):
        is_public = role is not None and "public-info" in role.name
        if one.name in {UNAUTHENTICATED, ANONYMOUS} and role and not is_public:
            rules = list(access_book(view.inventory).rules_given(thing))
            # What has only paths, such as /healthz, tells nothing of what the cluster holds.
            if any(found.rule.resources for found, _ in rules):
                words = f"gives {role} to {one.name}"
                summary = f"Whoever reaches the API server has the rights of {role}, by {thing.ref}"
                yield Hit(thing.ref, summary, (shown(thing, words, f"subjects[{at}]"),))
                return


def _is_of_kubernetes(binding: Binding) -> bool:
    return _BOOTSTRAPPED in binding.labels or binding.metadata.name.startswith("system:")


def _strangers(binding: Binding) -> list[str]:
    """Return whom it names, without what belongs to Kubernetes itself."""
    return [
        f"{one.kind} {one.name}"
        for one in binding.subjects or ()
        if (one.name.startswith(_EVERYBODY) or not one.name.startswith("system:"))
        and (one.namespace or binding.metadata.namespace) != _SYSTEM_NAMESPACE
    ]


def _refused(view: View, thing: KubeObject) -> Iterator[Hit]:
    told: set[object] = set()
    # A log repeats itself: each refusal is looked into once.
    for refused, mark in dict(_refusals(view, thing)).items():
        verdict, short = explain_refusal(view, refused)
        if verdict.state is Access.ALLOWED or short is None or (short.culprit, refused.question) in told:
            continue
        told.add((short.culprit, refused.question))
        steps = [(short.strength, "bindings and roles explain it")]
        if verdict.state is Access.UNKNOWN:
            steps.append((-0.15, "not every role and binding could be read"))
        owner = top_owner(view.inventory, thing)
        yield Hit(
            thing.ref,
            f"{refused.user} may not {refused.question}. {short.words}",
            (mark, Seen("object", short.culprit, short.words, short.path)),
            culprit=short.culprit,
            steps=tuple(steps),
            explains=(thing.ref, owner),
            remedies=(Remedy(f"Let {refused.user} {refused.question}: mend {short.culprit}, {short.path}."),),
        )


def _refusals(view: View, thing: KubeObject) -> Iterable[tuple[Refused, Seen]]:
    for event in warnings_about(view, thing):
        refused = parse_refusal(event.message)
        if refused:
            yield refused, seen_event(event)
    # Of a pod that is not ready, the rules about logs tell.
    if isinstance(thing, Pod) and is_ready(thing) and not is_going(thing):
        for part in parts_of(thing):
            for line in view.logs.lines(thing.ref, part.name, previous=False):
                refused = parse_refusal(line)
                if refused:
                    yield refused, seen_lines(thing.ref, part.name, (line,), "The Kubernetes API refuses it.")


RULES: tuple[Rule, ...] = (
    Rule(
        id="binding-role-missing",
        title="Binding to a role that does not exist",
        layer=Layer.RBAC,
        severity=Severity.MEDIUM,
        kinds=(RoleBinding, ClusterRoleBinding),
        condition="roleRef names a Role or ClusterRole that is proven absent; kind and namespace count.",
        explanation="Whom it names have no right by it, and are refused.",
        remediation="Create the role, or make the binding anew: a roleRef cannot be changed.",
        base=0.6,
        check=_dangling,
        conditions=(80,),
        needs=(Role, ClusterRole),
    ),
    Rule(
        id="rights-too-wide",
        title="Rights that lead to more",
        layer=Layer.RBAC,
        severity=Severity.LOW,
        kinds=(RoleBinding, ClusterRoleBinding),
        condition="Everything, or escalate, bind, impersonate, tokens, exec, kubelets or webhooks, given to somebody.",
        explanation="Who takes over the account takes over more than it was meant for.",
        remediation="Name the verbs and resources that are needed.",
        base=0.5,
        check=_too_wide,
        conditions=(81,),
        is_advice=True,
    ),
    Rule(
        id="rights-for-anybody",
        title="Rights without a login",
        layer=Layer.RBAC,
        severity=Severity.MEDIUM,
        kinds=(RoleBinding, ClusterRoleBinding),
        condition="A binding of somebody's names system:unauthenticated or system:anonymous and gives resources.",
        explanation="Nobody has to say who they are.",
        remediation="Name the users or accounts that need it.",
        base=0.6,
        check=_anonymous,
        conditions=(81,),
        is_advice=True,
    ),
    Rule(
        id="right-lacking",
        title="A right is lacking that something nearly gives",
        layer=Layer.RBAC,
        severity=Severity.MEDIUM,
        kinds=(Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, HorizontalPodAutoscaler),
        condition="A refusal in an Event or in the log of a ready pod, and a binding or role that nearly allows it.",
        explanation="A role that is not there, one verb too few, another namespace, or an account of another name.",
        remediation="Mend the field of the binding or role that is named.",
        base=0.5,
        check=_refused,
        conditions=(82,),
    ),
)
