"""Which cluster, and as whom: kubeconfig files or the account of a pod, through the official client's configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from urllib3 import PoolManager

from shared.errors import AppError

if TYPE_CHECKING:
    from kubernetes.client import Configuration

IN_CLUSTER = "in-cluster"
# Credentials that were refused right after they were made new are not made new again for a while: an exec plugin
# may open a browser, and every list would start one.
_SECONDS_BETWEEN_RENEWALS = 30.0


class NoCluster(AppError):
    """No configuration names this cluster, or it cannot be used."""

    code = "no_cluster"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request needs; ``version`` tells whether others were made since."""

    host: str
    pool: PoolManager
    headers: dict[str, str]
    version: int


class Account:
    """The account a source reads as. Its name and its secrets appear in no text. Safe to use from many threads."""

    def __init__(self, load: Callable[[], "Configuration"], connections: int, clock: Callable[[], float]) -> None:
        self._load = load
        self._connections = connections
        self._clock = clock
        self._lock = Lock()
        self._version = 0
        self._renewed_at = -_SECONDS_BETWEEN_RENEWALS
        self._configuration = load()
        self._pool = self._open_pool()

    def credentials(self) -> Credentials:
        """Return what is valid now; a token near its end is made new by the client's configuration."""
        with self._lock:
            settings = self._configuration.auth_settings()
            token = settings["BearerToken"]["value"] if "BearerToken" in settings else None
            headers = {"Authorization": token} if token else {}
            return Credentials(self._configuration.host.rstrip("/"), self._pool, headers, self._version)

    def renew(self, refused: Credentials) -> bool:
        """Load everything again because the server refused ``refused``; answer whether trying again is worth it."""
        with self._lock:
            if refused.version != self._version:
                return True
            if self._clock() - self._renewed_at < _SECONDS_BETWEEN_RENEWALS:
                return False
            self._renewed_at = self._clock()
            try:
                self._configuration = self._load()
            except NoCluster:
                return False
            old, self._pool = self._pool, self._open_pool()
            self._version += 1
            old.clear()
            return True

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._pool.clear()

    def _open_pool(self) -> PoolManager:
        # It takes seconds to load, and a snapshot needs none of it.
        from kubernetes.client.rest import RESTClientObject  # noqa: PLC0415

        self._configuration.connection_pool_maxsize = self._connections
        # The client's own pool: certificates, server names and proxies as kubectl knows them.
        return RESTClientObject(self._configuration).pool_manager


def list_contexts(kubeconfig: Path | None = None) -> list[str]:
    """Return the names of the contexts, sorted; none where there is no kubeconfig. Raises ``NoCluster``."""
    if not _has_file(kubeconfig):
        return []
    return _contexts(kubeconfig)[0]


def open_account(
    context: str | None, kubeconfig: Path | None, connections: int, clock: Callable[[], float] = monotonic
) -> tuple[str, Account]:
    """Return the name of the cluster and the account to read it as. Raises ``NoCluster``.

    Without a kubeconfig it is the pod's own account; a context that was asked for must exist.
    """
    if context is None and not _has_file(kubeconfig):
        return IN_CLUSTER, Account(_load_of_pod, connections, clock)
    names, current = _contexts(kubeconfig)
    name = context or current
    if name not in names:
        raise NoCluster(f"the kubeconfig has no context {name!r}; it has: {', '.join(names) or 'none'}")
    return name, Account(lambda: _load_of_file(name, kubeconfig), connections, clock)


def _contexts(kubeconfig: Path | None) -> tuple[list[str], str]:
    """Return the names of all contexts and of the current one; that may be unset as long as one is asked for."""
    from kubernetes.config import kube_config  # noqa: PLC0415 - as above.

    try:
        merged = kube_config.KubeConfigMerger(str(kubeconfig or kube_config.KUBE_CONFIG_DEFAULT_LOCATION))  # type: ignore[no-untyped-call]
        loaded = merged.config.value
        names = sorted(context["name"] for context in loaded["contexts"])
    except Exception as error:  # noqa: BLE001 - the client raises whatever YAML of the wrong shape meets.
        raise NoCluster(f"the kubeconfig cannot be used ({type(error).__name__})") from None
    return names, str(loaded.get("current-context") or "")


def _load_of_file(context: str, kubeconfig: Path | None) -> "Configuration":
    from kubernetes import client, config  # noqa: PLC0415 - as above.

    loaded = client.Configuration()
    try:
        # Never written back: a reader changes no file of the person.
        config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=str(kubeconfig) if kubeconfig else None,
            context=context,
            client_configuration=loaded,
            persist_config=False,
        )
    except Exception as error:  # noqa: BLE001 - as above.
        # The client's own texts quote the file, and with it the secrets; so only the sort of the error is told.
        raise NoCluster(f"the context {context!r} cannot be used ({type(error).__name__})") from None
    return loaded


def _load_of_pod() -> "Configuration":
    from kubernetes import client, config  # noqa: PLC0415 - as above.

    loaded = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=loaded)  # type: ignore[no-untyped-call]
    except config.ConfigException:
        raise NoCluster("there is no kubeconfig, and this is no pod with an account") from None
    return loaded


def _has_file(kubeconfig: Path | None) -> bool:
    from kubernetes.config import KUBE_CONFIG_DEFAULT_LOCATION  # noqa: PLC0415 - as above.

    if kubeconfig is not None:
        return True
    # KUBECONFIG may name several files; those that are absent are left out, as kubectl does.
    return any(Path(part).expanduser().is_file() for part in KUBE_CONFIG_DEFAULT_LOCATION.split(":") if part)
