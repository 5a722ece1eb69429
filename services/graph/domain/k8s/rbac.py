"""Accounts, roles and who has them."""

from typing import ClassVar

import msgspec

from services.graph.domain.k8s.pods import Named
from services.graph.domain.k8s.shape import KubeObject, LabelSelector, ManagedMeta, Shape


class ServiceAccount(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "ServiceAccount"

    image_pull_secrets: list[Named] | None = None
    automount_service_account_token: bool | None = None


class PolicyRule(Shape, frozen=True, kw_only=True, gc=False):
    """``*`` stands for every verb, group or resource; ``resource_names`` empty for every name."""

    verbs: list[str] | None = None
    api_groups: list[str] | None = None
    resources: list[str] | None = None
    resource_names: list[str] | None = None
    non_resource_urls: list[str] | None = msgspec.field(default=None, name="nonResourceURLs")


class Role(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "Role"
    GROUP: ClassVar[str] = "rbac.authorization.k8s.io"

    metadata: ManagedMeta = ManagedMeta()
    rules: list[PolicyRule] | None = None


class AggregationRule(Shape, frozen=True, kw_only=True, gc=False):
    cluster_role_selectors: list[LabelSelector] | None = None


class ClusterRole(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "ClusterRole"
    GROUP: ClassVar[str] = "rbac.authorization.k8s.io"

    rules: list[PolicyRule] | None = None
    aggregation_rule: AggregationRule | None = None


class Subject(Shape, frozen=True, kw_only=True, gc=False):
    """A User, a Group, or a ServiceAccount, which alone has a namespace."""

    kind: str = ""
    api_group: str | None = None
    name: str = ""
    namespace: str | None = None


class RoleRef(Shape, frozen=True, kw_only=True, gc=False):
    api_group: str | None = None
    kind: str = ""
    name: str = ""


class RoleBinding(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "RoleBinding"
    GROUP: ClassVar[str] = "rbac.authorization.k8s.io"

    metadata: ManagedMeta = ManagedMeta()
    subjects: list[Subject] | None = None
    role_ref: RoleRef = RoleRef()


class ClusterRoleBinding(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "ClusterRoleBinding"
    GROUP: ClassVar[str] = "rbac.authorization.k8s.io"

    metadata: ManagedMeta = ManagedMeta()
    subjects: list[Subject] | None = None
    role_ref: RoleRef = RoleRef()
