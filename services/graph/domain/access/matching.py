"""Whether one rule of a role allows one thing (kubernetes, pkg/apis/rbac/v1/evaluation_helpers.go)."""

from collections.abc import Sequence

from services.graph.domain.access.question import AccessQuestion
from services.graph.domain.k8s.rbac import PolicyRule

EVERYTHING = "*"


def allows(rule: PolicyRule, question: AccessQuestion) -> bool:
    """Answer whether the rule alone allows it.

    A rule limited to names allows only what names one: never a create or deletecollection, whose name the server does
    not know when it asks, and a list or watch only of one object by its field selector.
    """
    if question.path:
        return allows_verb(rule, question) and allows_path(rule, question.path)
    return (
        allows_verb(rule, question)
        and allows_group(rule, question)
        and allows_resource(rule, question)
        and allows_name(rule, question)
    )


def allows_verb(rule: PolicyRule, question: AccessQuestion) -> bool:
    return _has(rule.verbs, question.verb)


def allows_group(rule: PolicyRule, question: AccessQuestion) -> bool:
    return _has(rule.api_groups, question.group)


def allows_resource(rule: PolicyRule, question: AccessQuestion) -> bool:
    """Answer whether it names the resource; ``pods`` is not ``pods/log``, and there is no ``pods/*``."""
    resources = rule.resources or ()
    if _has(resources, question.whole_resource):
        return True
    return bool(question.subresource) and f"*/{question.subresource}" in resources


def allows_name(rule: PolicyRule, question: AccessQuestion) -> bool:
    return not rule.resource_names or question.name in rule.resource_names


def allows_path(rule: PolicyRule, path: str) -> bool:
    """Answer whether it names the path; a ``*`` stands for anything only at the end."""
    return any(
        one in {EVERYTHING, path} or (one.endswith("*") and path.startswith(one.rstrip("*")))
        for one in rule.non_resource_urls or ()
    )


def _has(allowed: Sequence[str] | None, wanted: str) -> bool:
    return allowed is not None and (EVERYTHING in allowed or wanted in allowed)
