"""The text in which a pod is told whom to call: its variables, commands and arguments, and the ConfigMaps it reads."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from services.graph.domain.k8s.config import ConfigMap
from services.graph.domain.k8s.pods import Container, EnvFrom, EnvVar, KeyToPath, PodSpec, Volume
from services.graph.domain.reading.inventory import Inventory

# With something before it: a HOST alone is mostly where the process itself listens.
_ADDRESS_NAME = re.compile(r"_(?:HOST|HOST_?NAME|ADDR|(?<!MAIL_)ADDRESS|URL|URI|ENDPOINT|DSN)(?:E?S)?_?[0-9]*$")
_OWN_ADDRESS = re.compile(
    r"(?:^|_)(?:BIND|LISTEN|LISTENER|ADVERTISED?|PUBLIC|EXTERNAL|SELF|OWN|POD|NODE|BASE|ROOT|SITE)_"
)
_OTHER_NAME = re.compile(
    r"(?:^|_)(?:(?<!HOST_)NAME|USER|USERNAME|PASSWORD|DATABASE|DB|LEVEL|MODE|ENV|ENVIRONMENT|NAMESPACE|TOPIC|QUEUE"
    r"|BUCKET|TYPE|KIND|IMAGE|VERSION|TAG|PATH|PREFIX|ROLE|GROUP|TIER|APP|COMPONENT|PROFILES?|KEY|ID|CREDENTIALS?)$"
)
_NEVER_ADDRESS = re.compile(r"(?:^|_)(?:IMAGE|VERSION|TAG|KEY|CREDENTIALS?|PASSWORD)$")
# Lists of hosts that are let in, or left out of something.
_LIST_OF_HOSTS = re.compile(
    r"(?:^|_)(?:NO_PROXY|(?:ALLOWED_)?ORIGINS?|ALLOWED_HOSTS?|TRUSTED_[A-Z_]*|WHITELIST|ALLOWLIST)$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BREAKS = re.compile(r"[^A-Za-z0-9]+")
_REFERENCE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")
_SETTING = re.compile(r"\s*(?:-\s+)?\"?([A-Za-z_][\w.-]*)\"?\s*(?:=|:\s)(.*)")
# kube-root-ca.crt is in every pod, and is a certificate.
_NO_CONFIG = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt"})


class Word(NamedTuple):
    """A text and its field; ``name`` of the variable, flag or key whose value it is, None where it has none.

    ``is_file``: of a file in a volume. ``is_script``: of a command with blanks in it, whose words may be hosts.
    """

    text: str
    place: str
    at: int | str
    name: str | None = None
    is_file: bool = False
    is_script: bool = False

    @property
    def path(self) -> str:
        """The field; made only for the few words that are a call."""
        return self.place.format(self.at)


@lru_cache(maxsize=4096)
def is_address_name(name: str) -> bool:
    """Answer whether a variable of this name holds an address: DB_HOST, catalogueUrl, redis.endpoint."""
    return bool(_ADDRESS_NAME.search(_normal(name))) and not is_own_address(name)


@lru_cache(maxsize=4096)
def is_own_address(name: str) -> bool:
    """Answer whether a variable of this name tells where the process itself is found: BIND_ADDR, PUBLIC_URL."""
    return bool(_OWN_ADDRESS.search(_normal(name)))


@lru_cache(maxsize=4096)
def is_list_of_hosts(name: str) -> bool:
    """Answer whether a variable of this name lists hosts that need not be called: NO_PROXY, ALLOWED_ORIGINS."""
    return bool(_LIST_OF_HOSTS.search(_normal(name)))


@lru_cache(maxsize=4096)
def is_other_name(name: str) -> bool:
    """Answer whether a variable of this name holds something that is no address: DB_NAME, LOG_LEVEL."""
    return bool(_OTHER_NAME.search(_normal(name)))


@lru_cache(maxsize=4096)
def is_never_address(name: str) -> bool:
    """Answer whether ``word:7`` in a variable of this name is no host and port: an image, a version, a key."""
    return bool(_NEVER_ADDRESS.search(_normal(name)))


def _normal(name: str) -> str:
    return _BREAKS.sub("_", _CAMEL.sub("_", name)).upper()


def words_of(inventory: Inventory, namespace: str | None, spec: PodSpec, path: str) -> Iterator[Word]:
    """Return every text of a pod's spec at ``path``; of a Secret nothing is known, so nothing is said."""
    for sort, containers in (("containers", spec.containers), ("initContainers", spec.init_containers)):
        for index, container in enumerate(containers or ()):
            yield from _of_container(inventory, namespace, container, f"{path}.{sort}[{index}]")
    for index, volume in enumerate(spec.volumes or ()):
        for name, items, field in _config_of_volume(volume):
            yield from _of_files(inventory, namespace, name, items, f"{path}.volumes[{index}].{field}")


def _of_container(inventory: Inventory, namespace: str | None, container: Container, path: str) -> Iterator[Word]:
    known: dict[str, str] = {}
    for index, whole in enumerate(container.env_from or ()):
        for name, value in _of_env_from(inventory, namespace, whole):
            known[name] = value
            yield Word(value, f"{path}.envFrom[{index}].configMapRef[{{}}]", name, name)
    variables = path + ".env[{}].value"
    for index, variable in enumerate(container.env or ()):
        text = _value(inventory, namespace, variable, known)
        if text:
            known[variable.name] = text
            yield Word(text, variables, index, variable.name)
    for field, texts in (("command", container.command), ("args", container.args)):
        before = ""
        for index, text in enumerate(texts or ()):
            yield _of_argument(_expanded(text, known), before, f"{path}.{field}[{{}}]", index)
            before = text


def _of_argument(text: str, before: str, place: str, index: int) -> Word:
    """A flag's name tells what its value is, as a variable's does: ``--redis-addr=cache``, ``-h cache``."""
    flag, equals, value = text.partition("=")
    if equals and flag.startswith("-") and " " not in flag:
        return Word(value, place, index, flag.lstrip("-"))
    name = before.lstrip("-") if before.startswith("-") and "=" not in before and not text.startswith("-") else None
    is_script = any(blank in text for blank in " \n\t")
    return Word(text, place, index, None if is_script else name, is_script=is_script)


def _value(inventory: Inventory, namespace: str | None, variable: EnvVar, known: Mapping[str, str]) -> str:
    if variable.value:
        return _expanded(variable.value, known)
    key = variable.value_from.config_map_key_ref if variable.value_from else None
    if key is None or not key.name:
        return ""
    config = inventory.find(ConfigMap, namespace, key.name)
    return config.values.get(key.key, "") if config else ""


def _expanded(text: str, known: Mapping[str, str]) -> str:
    """Replace $(NAME) as the kubelet does; a name that is not known stays, and is then part of no host."""
    if "$(" not in text:
        return text
    return _REFERENCE.sub(lambda match: known.get(match[1], match[0]), text)


def _of_env_from(inventory: Inventory, namespace: str | None, whole: EnvFrom) -> Iterator[tuple[str, str]]:
    name = whole.config_map_ref.name if whole.config_map_ref else None
    config = inventory.find(ConfigMap, namespace, name) if name else None
    for key, value in (config.values if config else {}).items():
        yield f"{whole.prefix or ''}{key}", value


def _config_of_volume(volume: Volume) -> Iterator[tuple[str, list[KeyToPath] | None, str]]:
    if volume.config_map is not None and volume.config_map.name:
        yield volume.config_map.name, volume.config_map.items, "configMap"
    for index, source in enumerate((volume.projected.sources if volume.projected else None) or ()):
        if source.config_map is not None and source.config_map.name:
            yield source.config_map.name, source.config_map.items, f"projected.sources[{index}].configMap"


def _of_files(
    inventory: Inventory, namespace: str | None, name: str, items: list[KeyToPath] | None, path: str
) -> Iterator[Word]:
    config = inventory.find(ConfigMap, namespace, name) if name not in _NO_CONFIG else None
    wanted = {item.key for item in items or ()}
    for key, value in (config.values if config else {}).items():
        if not wanted or key in wanted:
            for name_of_line, text in _lines(value):
                yield Word(text, path + "[{}]", key, name_of_line, is_file=True)


@lru_cache(maxsize=1024)
def _lines(text: str) -> tuple[tuple[str | None, str], ...]:
    """Return the lines of a file; of ``key: value`` and ``key=value`` the value by its key."""
    found: list[tuple[str | None, str]] = []
    for line in text.splitlines():
        match = _SETTING.match(line)
        if match:
            found.append((match[1], match[2].strip(' \t\r",')))
        elif line.strip() and not line.lstrip().startswith(("#", "//", ";")):
            found.append((None, line))
    return tuple(found)
