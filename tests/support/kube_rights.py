"""What an account may do on the stand-in API server, and the refusals a real one writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ask:
    """What a request wants. ``namespace`` None: in the whole cluster; ``resource`` may be ``pods/log``."""

    verb: str
    group: str
    resource: str
    namespace: str | None = None
    name: str = ""


@dataclass(frozen=True)
class Rule:
    """A rule of a role, bound in one namespace or, without one, in the whole cluster. ``*`` is everything."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    namespace: str | None = None
    names: tuple[str, ...] = ()

    def allows(self, ask: Ask) -> bool:
        """Answer whether the rule allows it."""
        return (
            _has(self.verbs, ask.verb)
            and _has(self.groups, ask.group)
            and _has(self.resources, ask.resource)
            and self.namespace in {None, ask.namespace}
            and (not self.names or ask.name in self.names)
        )


@dataclass(frozen=True)
class Rights:
    """What one account may do; nothing but what a rule allows. By default it may discover and ask of itself."""

    rules: tuple[Rule, ...] = ()
    denied: frozenset[tuple[str, str]] = frozenset()
    may_discover: bool = True
    may_review: bool = True

    def allows(self, ask: Ask) -> bool:
        """Answer whether the account may do it."""
        if (ask.group, ask.resource) in self.denied:
            return False
        return any(rule.allows(ask) for rule in self.rules)

    def without(self, *resources: str) -> "Rights":
        """Return these rights less the resources, written as ``secrets`` or ``deployments.apps``."""
        gone = {(group, plural) for plural, _, group in (one.partition(".") for one in resources)}
        return Rights(self.rules, self.denied | gone, self.may_discover, self.may_review)


def all_rights() -> Rights:
    """Return the right to everything."""
    return Rights((Rule(("*",), ("*",), ("*",)),))


def rights_in(*namespaces: str, verbs: Iterable[str] = ("get", "list")) -> Rights:
    """Return the right to read everything in some namespaces, and nothing of the whole cluster."""
    return Rights(tuple(Rule(tuple(verbs), ("*",), ("*",), namespace) for namespace in namespaces))


def no_rights() -> Rights:
    """Return the rights of an account that was given none."""
    return Rights()


def refusal(user: str, ask: Ask) -> dict[str, Any]:
    """Return the Status of a 403 as an API server writes it."""
    plural, _, _ = ask.resource.partition("/")
    what = f"{plural}.{ask.group}" if ask.group else plural
    named = f'{what} "{ask.name}"' if ask.name else what
    where = f'in the namespace "{ask.namespace}"' if ask.namespace else "at the cluster scope"
    message = (
        f'{named} is forbidden: User "{user}" cannot {ask.verb} resource "{ask.resource}" '
        f'in API group "{ask.group}" {where}'
    )
    details = {"name": ask.name, "group": ask.group, "kind": plural}
    return status(403, "Forbidden", message, {key: value for key, value in details.items() if value})


def refusal_of_path(user: str, path: str) -> dict[str, Any]:
    """Return the Status of a 403 for what is no resource, such as discovery."""
    return status(403, "Forbidden", f'forbidden: User "{user}" cannot get path "{path}"', {})


def status(code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a Status."""
    body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    body |= {"message": message, "reason": reason, "code": code}
    return body if details is None else body | {"details": details}


def asked(spec: dict[str, Any]) -> Ask:
    """Return what a review asks; for a path, that it stands where resources do."""
    if "nonResourceAttributes" in spec:
        return Ask(spec["nonResourceAttributes"]["verb"], "", spec["nonResourceAttributes"]["path"])
    wanted = spec["resourceAttributes"]
    resource = "/".join(filter(None, (wanted["resource"], wanted.get("subresource"))))
    return Ask(wanted["verb"], wanted.get("group", ""), resource, wanted.get("namespace"), wanted.get("name", ""))


def rules_of(rights: Rights, namespace: str) -> dict[str, Any]:
    """Return what a review of rules says."""
    rules = [
        {"verbs": list(rule.verbs), "apiGroups": list(rule.groups), "resources": list(rule.resources)}
        | ({"resourceNames": list(rule.names)} if rule.names else {})
        for rule in rights.rules
        if rule.namespace in {None, namespace}
    ]
    return {"resourceRules": rules, "nonResourceRules": [], "incomplete": False}


def _has(allowed: tuple[str, ...], wanted: str) -> bool:
    return "*" in allowed or wanted in allowed
