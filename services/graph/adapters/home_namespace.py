"""The namespace a context of the kubeconfig works in, as kubectl has it."""

from pathlib import Path

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def home_namespace(context: str | None = None, kubeconfig: Path | None = None) -> str:
    """Return the namespace of the context, by default of the current one; ``default`` where none is said."""
    from kubernetes import config  # noqa: PLC0415 - half a second that only live clusters need.

    try:
        contexts, active = config.list_kube_config_contexts(  # type: ignore[no-untyped-call]
            config_file=str(kubeconfig) if kubeconfig else None
        )
    except config.ConfigException:
        return _of_pod()
    wanted = next((one for one in contexts if one["name"] == context), None) if context else active
    return str(((wanted or {}).get("context") or {}).get("namespace") or "default")


def _of_pod() -> str:
    try:
        return _POD_NAMESPACE.read_text("utf-8").strip() or "default"
    except (OSError, UnicodeDecodeError):
        return "default"
