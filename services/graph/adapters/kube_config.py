"""Which cluster, and as whom: kubeconfig files or the account of a pod, through the official client's configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from urllib3 import PoolManager

from shared.errors import AppError

if TYPE_CHECKING:
    from kubernetes.client import Configuration

IN_CLUSTER = "in-cluster"
_OF_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_NAMESPACE_OF_POD = _OF_POD / "namespace"
# Credentials that were refused right after they were made new are not made new again for a while: an exec plugin
# may open a browser, and every list would start one.
_SECONDS_BETWEEN_RENEWALS = 30.0
# A plugin that waits for somebody at a terminal must not hold a worker for ever.
_SECONDS_TO_LOAD = 60.0


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

    def __init__(
        self,
        load: Callable[[], "Configuration"],
        connections: int,
        clock: Callable[[], float],
        seconds_to_load: float = _SECONDS_TO_LOAD,
    ) -> None:
        self._load = load
        self._seconds_to_load = seconds_to_load
        self._connections = connections
        self._clock = clock
        self._renewing = Lock()
        self._lock = Lock()
        self._version = 0
        self._renewed_at = -_SECONDS_BETWEEN_RENEWALS
        self._configuration = _in_time(load, seconds_to_load)
        self._pool = self._open_pool(self._configuration)

    def credentials(self) -> Credentials:
        """Return what is valid as far as is known. Raises ``NoCluster`` where it cannot be read any more."""
        with self._lock:
            try:
                settings = self._configuration.auth_settings()
            except Exception as error:  # noqa: BLE001 - a pod's token is read from its file, again and again.
                raise NoCluster(f"the account's token cannot be read ({type(error).__name__})") from None
            token = settings["BearerToken"]["value"] if "BearerToken" in settings else None
            # A token that was read from a file often ends with its line.
            headers = {"Authorization": token.strip()} if token else {}
            return Credentials(self._configuration.host.rstrip("/"), self._pool, headers, self._version)

    def renew(self, refused: Credentials, seconds: float) -> bool:
        """Load everything again because the server refused ``refused``; answer whether trying again is worth it.

        One thread loads; the others wait for it, ``seconds`` at most.
        """
        if not self._renewing.acquire(timeout=seconds):
            return False
        try:
            if refused.version != self._version:
                return True
            if self._clock() - self._renewed_at < _SECONDS_BETWEEN_RENEWALS:
                return False
            self._renewed_at = self._clock()
            loaded = _in_time(self._load, self._seconds_to_load)
            pool = self._open_pool(loaded)
        except NoCluster:
            return False
        finally:
            self._renewing.release()
        with self._lock:
            self._configuration, old, self._pool = loaded, self._pool, pool
            self._version += 1
        old.clear()
        return True

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._pool.clear()

    def _open_pool(self, configuration: "Configuration") -> PoolManager:
        # It takes seconds to load, and a snapshot needs none of it.
        from kubernetes.client.rest import RESTClientObject  # noqa: PLC0415

        if not configuration.host.startswith(("http://", "https://")):
            raise NoCluster("the address of the server begins with neither http:// nor https://")
        configuration.connection_pool_maxsize = self._connections
        try:
            # The client's own pool: certificates, server names and proxies as kubectl knows them.
            return RESTClientObject(configuration).pool_manager
        except Exception as error:  # noqa: BLE001 - it raises what its parsers of addresses raise.
            raise NoCluster(f"the address of the server cannot be used ({type(error).__name__})") from None


def is_in_pod(account: Path = _OF_POD) -> bool:
    """Answer whether this process has the account of a pod."""
    return (account / "token").is_file()


def list_contexts(kubeconfig: Path | None = None, account: Path = _OF_POD) -> list[str]:
    """Return the names of the contexts, sorted; without a kubeconfig the pod's own, if any. Raises ``NoCluster``.

    ``account`` is the folder where a pod finds its account.
    """
    if not _has_file(kubeconfig):
        return [IN_CLUSTER] if is_in_pod(account) else []
    return _contexts(kubeconfig)[0]


def open_account(
    context: str | None, kubeconfig: Path | None, connections: int, clock: Callable[[], float] = monotonic
) -> tuple[str, Account]:
    """Return the name of the cluster and the account to read it as. Raises ``NoCluster``.

    Without a kubeconfig it is the pod's own account, also where ``IN_CLUSTER`` is asked for; any other context that was
    asked for must exist.
    """
    if context in {None, IN_CLUSTER} and not _has_file(kubeconfig):
        return IN_CLUSTER, Account(_load_of_pod, connections, clock)
    names, current = _contexts(kubeconfig)
    name = context or current
    if name not in names:
        raise NoCluster(f"the kubeconfig has no context {name!r}; it has: {', '.join(names) or 'none'}")
    return name, Account(lambda: _load_of_file(name, kubeconfig), connections, clock)


def find_namespace(context: str | None = None, kubeconfig: Path | None = None) -> str | None:
    """Return the namespace that people mean where they name none: of the context, or the pod's own."""
    try:
        if context is None and not _has_file(kubeconfig):
            return _NAMESPACE_OF_POD.read_text().strip() or None
        named = _merged(kubeconfig)
        wanted = context or named.get("current-context")
    except (NoCluster, OSError):
        return None
    return next((one["namespace"] for one in named["contexts"] if one["name"] == wanted), None)


def _contexts(kubeconfig: Path | None) -> tuple[list[str], str]:
    """Return the names of all contexts and of the current one; that may be unset as long as one is asked for."""
    merged = _merged(kubeconfig)
    return sorted(context["name"] for context in merged["contexts"]), str(merged.get("current-context") or "")


def _merged(kubeconfig: Path | None) -> dict[str, Any]:
    """Return one kubeconfig made of all files, with contexts that have names. Raises ``NoCluster``."""
    from kubernetes.config import kube_config  # noqa: PLC0415 - as above.

    files = str(kubeconfig or kube_config.KUBE_CONFIG_DEFAULT_LOCATION)
    try:
        found = kube_config.KubeConfigMerger(files).config  # type: ignore[no-untyped-call]
        merged = found.value if found is not None else None
        contexts = [
            {"name": one["name"], "namespace": one["context"].safe_get("namespace")}
            for one in (merged["contexts"] if merged is not None else ())
        ]
    except Exception as error:  # noqa: BLE001 - the client raises whatever YAML of the wrong shape meets.
        raise NoCluster(f"the kubeconfig cannot be used ({type(error).__name__})") from None
    if merged is None:
        raise NoCluster("there is no kubeconfig")
    return {"contexts": contexts, "current-context": merged.get("current-context")}


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
    # The client would run plugins again by itself, for each thread that comes near the end of a token, and wait for
    # them without end. The server says when a token has expired, and then everything is loaded again.
    loaded.refresh_api_key_hook = None
    return loaded


def _load_of_pod() -> "Configuration":
    from kubernetes import client, config  # noqa: PLC0415 - as above.

    loaded = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=loaded)  # type: ignore[no-untyped-call]
    except config.ConfigException:
        raise NoCluster("there is no kubeconfig, and this is no pod with an account") from None
    return loaded


def _in_time(load: Callable[[], "Configuration"], seconds: float) -> "Configuration":
    """Return what ``load`` returns. Raises ``NoCluster``, also where it takes longer than ``seconds``."""
    done: Queue[Configuration | NoCluster] = Queue(1)

    def run() -> None:
        try:
            done.put(load())
        except NoCluster as error:
            done.put(error)

    Thread(target=run, daemon=True, name="kubeconfig").start()
    try:
        found = done.get(timeout=seconds)
    except Empty:
        raise NoCluster(f"the credentials did not come within {seconds:g} seconds") from None
    if isinstance(found, NoCluster):
        raise found
    return found


def _has_file(kubeconfig: Path | None) -> bool:
    from kubernetes.config import KUBE_CONFIG_DEFAULT_LOCATION  # noqa: PLC0415 - as above.

    if kubeconfig is not None:
        return True
    # KUBECONFIG may name several files; those that are absent are left out, as kubectl does.
    return any(Path(part).expanduser().is_file() for part in KUBE_CONFIG_DEFAULT_LOCATION.split(":") if part)
