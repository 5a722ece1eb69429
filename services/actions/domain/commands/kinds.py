"""Tell what kinds an argument of kubectl names, however they are spelt."""

_SECRETS = frozenset({"secret", "secrets"})


def names_secrets(argument: str) -> bool:
    """Answer whether an argument names Secrets: `secret/x`, `Secrets.v1.`, `po,secret`, `secrets.v1.core/x`.

    kubectl takes TYPE[.VERSION][.GROUP] in any case, several with commas, and each with a name after a slash; it
    finds a kind by its name in the plural and the singular. See `kubectl get --help`.
    """
    kinds = (one.partition("/")[0].partition(".")[0].strip().lower() for one in argument.split(","))
    return not _SECRETS.isdisjoint(kinds)
