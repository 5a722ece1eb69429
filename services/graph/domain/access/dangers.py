"""Rights that amount to more than they name: with them, an account can make itself stronger."""

from services.graph.domain.access.matching import allows
from services.graph.domain.access.question import AccessQuestion
from services.graph.domain.k8s.rbac import PolicyRule

_ADMISSION, _RBAC = "admissionregistration.k8s.io", "rbac.authorization.k8s.io"
# The worst first: a rule is called by the first that it allows.
_DANGERS: tuple[tuple[AccessQuestion, str], ...] = (
    (AccessQuestion("escalate", _RBAC, "clusterroles"), "may give itself any right (escalate)"),
    (AccessQuestion("escalate", _RBAC, "roles"), "may give itself any right of a namespace (escalate)"),
    (AccessQuestion("bind", _RBAC, "clusterroles"), "may bind any role (bind)"),
    (AccessQuestion("bind", _RBAC, "roles"), "may bind any role of a namespace (bind)"),
    (AccessQuestion("impersonate", "", "users"), "may act as any user"),
    (AccessQuestion("impersonate", "", "groups"), "may act as any group"),
    (AccessQuestion("impersonate", "", "serviceaccounts"), "may act as any account"),
    (AccessQuestion("create", "", "serviceaccounts", subresource="token"), "may make tokens of any account"),
    (AccessQuestion("create", "", "nodes", subresource="proxy"), "may run commands through any kubelet"),
    (AccessQuestion("get", "", "nodes", subresource="proxy"), "may read through any kubelet"),
    (AccessQuestion("create", "", "pods", subresource="exec"), "may run commands in any pod"),
    (AccessQuestion("create", _ADMISSION, "mutatingwebhookconfigurations"), "may change what others create"),
    (AccessQuestion("update", _ADMISSION, "mutatingwebhookconfigurations"), "may change what others create"),
    (AccessQuestion("update", _ADMISSION, "validatingwebhookconfigurations"), "may forbid what others create"),
)


def danger_of(rule: PolicyRule) -> str:
    """Return what is dangerous about a rule; nothing where it is limited to names, or names nothing such."""
    verbs, resources, groups = rule.verbs or (), rule.resources or (), rule.api_groups or ()
    if "*" in verbs and "*" in resources and not rule.resource_names:
        return "may do everything" if "*" in groups else "may do everything in some API groups"
    return next((words for question, words in _DANGERS if allows(rule, question)), "")
