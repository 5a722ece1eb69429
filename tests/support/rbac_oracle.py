"""RBAC once more, from the words of its documentation and as naively as possible, to hold the evaluator against.

It works on plain dictionaries as a server sends them, tries every subject of every binding with every rule, and shares
no code with the product.
"""

from typing import Any

Fields = dict[str, Any]


def is_allowed(world: dict[str, list[Fields]], who: Fields, wish: Fields) -> bool:
    """Answer whether ``who`` ({user, groups}) may do ``wish``; ``world`` holds lists of objects by kind."""
    if "system:masters" in who["groups"]:
        return True
    for binding in world.get("ClusterRoleBinding", []):
        if _names(binding, who) and any(_rule_fits(rule, wish) for rule in _given(world, binding)):
            return True
    for binding in world.get("RoleBinding", []):
        if wish.get("path") or binding["metadata"]["namespace"] != wish["namespace"]:
            continue
        if _names(binding, who) and any(_rule_fits(rule, wish) for rule in _given(world, binding)):
            return True
    return False


def _names(binding: Fields, who: Fields) -> bool:
    for subject in binding.get("subjects") or []:
        if subject["kind"] == "User" and subject["name"] == who["user"]:
            return True
        if subject["kind"] == "Group" and subject["name"] in who["groups"]:
            return True
        if subject["kind"] == "ServiceAccount":
            namespace = subject.get("namespace") or binding["metadata"].get("namespace")
            if namespace and who["user"] == "system:serviceaccount:" + namespace + ":" + subject["name"]:
                return True
    return False


def _given(world: dict[str, list[Fields]], binding: Fields) -> list[Fields]:
    ref, namespace = binding["roleRef"], binding["metadata"].get("namespace")
    if ref["kind"] == "Role":
        for role in world.get("Role", []):
            if namespace and role["metadata"]["namespace"] == namespace and role["metadata"]["name"] == ref["name"]:
                return list(role.get("rules") or [])
        return []
    return _cluster_rules(world, ref["name"], set()) if ref["kind"] == "ClusterRole" else []


def _cluster_rules(world: dict[str, list[Fields]], name: str, been: set[str]) -> list[Fields]:
    rules: list[Fields] = []
    for role in world.get("ClusterRole", []):
        if role["metadata"]["name"] != name or name in been:
            continue
        been.add(name)
        rules.extend(role.get("rules") or [])
        for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or []:
            for other in world["ClusterRole"]:
                labels = other["metadata"].get("labels") or {}
                if all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()):
                    rules.extend(_cluster_rules(world, other["metadata"]["name"], been))
    return rules


def _rule_fits(rule: Fields, wish: Fields) -> bool:
    if not any(verb in {"*", wish["verb"]} for verb in rule.get("verbs") or []):
        return False
    if wish.get("path"):
        return any(_path_fits(one, wish["path"]) for one in rule.get("nonResourceURLs") or [])
    if not any(group in {"*", wish["group"]} for group in rule.get("apiGroups") or []):
        return False
    names = rule.get("resourceNames") or []
    if names and wish["name"] not in names:
        return False
    return any(_resource_fits(one, wish) for one in rule.get("resources") or [])


def _resource_fits(resource: str, wish: Fields) -> bool:
    if resource == "*":
        return True
    if not wish["subresource"]:
        return resource == str(wish["resource"])
    asked = str(wish["resource"]), str(wish["subresource"])
    return resource in {"/".join(asked), "*/" + asked[1]}


def _path_fits(pattern: str, path: str) -> bool:
    if pattern in {"*", path}:
        return True
    if not pattern.endswith("*"):
        return False
    while pattern.endswith("*"):
        pattern = pattern[:-1]
    return path[: len(pattern)] == pattern
