"""Which cluster, and as whom: the context of a kubeconfig, or the account of a pod."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Lock, Thread
from typing import TYPE_CHECKING

from urllib3 import PoolManager

from services.actions.errors import NoCluster

if TYPE_CHECKING:
    from kubernetes.client import Configuration

IN_CLUSTER = "in-cluster"
_OF_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# A plugin that waits for somebody at a terminal must not hold a worker for ever.
_SECONDS_TO_LOAD = 60.0
_CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request needs. The headers hold a secret; nothing prints them."""

    host: str
    pool: PoolManager
    headers: dict[str, str]

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Credentials(host={self.host!r})"


class Account:
    """The account a cluster is changed as. Its name and its secrets appear in no text."""

    def __init__(self, load: Callable[[], "Configuration"], seconds_to_load: float = _SECONDS_TO_LOAD) -> None:
        self._load = load
        self._seconds_to_load = seconds_to_load
        self._lock = Lock()
        self._configuration = _in_time(load, seconds_to_load)
        self._pool = _open_pool(self._configuration)

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
            return Credentials(self._configuration.host.rstrip("/"), self._pool, headers)

    def renew(self) -> None:
        """Load everything again, because the server refused what there was. Raises ``NoCluster``."""
        loaded = _in_time(self._load, self._seconds_to_load)
        pool = _open_pool(loaded)
        with self._lock:
            self._configuration, old, self._pool = loaded, self._pool, pool
        old.clear()

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._pool.clear()


def is_in_pod(account: Path = _OF_POD) -> bool:
    """Answer whether this process has the account of a pod."""
    return (account / "token").is_file()


def list_contexts(kubeconfig: Path) -> list[str]:
    """Return the names of the contexts of a kubeconfig. Raises ``NoCluster``."""
    from kubernetes.config import kube_config  # noqa: PLC0415 - as below.

    try:
        merged = kube_config.KubeConfigMerger(str(kubeconfig)).config.value  # type: ignore[no-untyped-call]
        return sorted(str(one["name"]) for one in merged["contexts"])
    except Exception as error:  # noqa: BLE001 - the client raises whatever YAML of the wrong shape meets.
        raise NoCluster(f"the kubeconfig cannot be used ({type(error).__name__})") from None


def open_account(context: str, kubeconfig: Path | None) -> Account:
    """Return the account of a context. Raises ``NoCluster``. No context is ever taken for another.

    ``IN_CLUSTER`` without a kubeconfig is the account of the pod that this runs in.
    """
    if context == IN_CLUSTER and kubeconfig is None:
        return Account(_load_of_pod)
    return Account(lambda: _load_of_file(context, kubeconfig))


def _load_of_file(context: str, kubeconfig: Path | None) -> "Configuration":
    # It takes a second to load; who only looks at the rules needs none of it.
    from kubernetes import client, config  # noqa: PLC0415

    loaded = client.Configuration()
    try:
        # Never written back: this changes clusters, and no file of a person.
        config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=str(kubeconfig) if kubeconfig else None,
            context=context,
            client_configuration=loaded,
            persist_config=False,
        )
    except Exception as error:  # noqa: BLE001 - the client raises whatever YAML of the wrong shape meets.
        # The client's own texts quote the file, and with it the secrets; so only the sort of the error is told.
        raise NoCluster(f"the context {context!r} cannot be used ({type(error).__name__})") from None
    # The client would run plugins again by itself and wait for them without end; here the server's 401 decides.
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


def _open_pool(configuration: "Configuration") -> PoolManager:
    from kubernetes.client.rest import RESTClientObject  # noqa: PLC0415 - as above.

    if not configuration.host.startswith(("http://", "https://")):
        raise NoCluster("the address of the server begins with neither http:// nor https://")
    configuration.connection_pool_maxsize = _CONNECTIONS
    try:
        # The client's own pool: certificates, server names and proxies as kubectl knows them.
        return RESTClientObject(configuration).pool_manager
    except Exception as error:  # noqa: BLE001 - it raises what its parsers of addresses raise.
        raise NoCluster(f"the address of the server cannot be used ({type(error).__name__})") from None


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
