"""Addresses in text: hosts that could be Services, each with its port, and how plainly it is one."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# A longer value is a document of something else: a certificate, a script.
MOST_CHARACTERS = 8_192

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\.?"
# What stands before the last @ is who, and is never kept: it may hold a password.
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^\s/@\"'<>]*@)?(?P<host>" + _HOST + r")(?::(?P<port>\d{1,5})(?!\d))?"
)
_BARE = re.compile(r"(?:[^\s/@:]*:[^\s/@]*@)?(?P<host>" + _HOST + r")(?::(?P<port>\d{1,5}))?(?:[/?#].*)?\Z")
_BETWEEN = re.compile(r"[\s,;|\"'<>()\[\]{}=]+")
_BETWEEN_URLS = re.compile(r"[\s,;|\"'<>()\[\]{}]")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_WORD = re.compile(r"[a-z0-9-]{1,63}\Z")
# Something is to be put in there that is not known: ${HOST}, $(HOST), $HOST, {{ .Host }}.
_UNFILLED = re.compile(r"\S*(?:\$[({A-Z_]|\{\{)[^\s}]*(?:\s*[^\s}]*\}\}\S*|\S*)")
_MOST_PORT = 65_535
_NO_SERVICE = frozenset({"localhost", "true", "false", "none", "null", "yes", "no", "on", "off", "tcp", "udp"})
# Where a file comes from is no host: file:///etc, unix:///run.
_NO_NETWORK = frozenset({"file", "unix", "jar", "classpath", "data", "docker", "s3", "gs", "oci", "env", "vault"})
_CLUSTER = "svc"
_LONGEST_NAME = 3


class Address(NamedTuple):
    """A host as a Service could be called by it.

    ``namespace`` None: none was said. ``is_cluster_name``: it ends in ``svc`` or the cluster's domain, so it can be
    nothing else. ``is_plain``: it has a scheme or a port, ``has_scheme``: a scheme. ``also`` is a second reading:
    ``pod.service``.
    """

    host: str
    service: str
    namespace: str | None
    port: int | None
    is_cluster_name: bool
    is_plain: bool
    has_scheme: bool
    also: tuple[str, str | None] | None = None


def find_addresses(text: str) -> tuple[Address, ...]:
    """Return the addresses in a value, a line of arguments or a file, in their order; each once."""
    if len(text) > MOST_CHARACTERS:
        return ()
    if _WORD.match(text):
        # Most values are one word: true, info, 8080, or the name of a Service.
        found = _read(text, None)
        return (found,) if found else ()
    if "$" in text or "{{" in text:
        text = _UNFILLED.sub(" ", text)
    return tuple(dict.fromkeys(_scan(text)))


def _scan(text: str) -> Iterator[Address]:
    rest, last = [], 0
    for match in _URL.finditer(text):
        rest.append(text[last : match.start()])
        last = match.end()
        # After the host of a URL comes its path, up to the next blank: no host is in there.
        if text[last : last + 1] in {"/", "?", "#"}:
            end = _BETWEEN_URLS.search(text, last)
            last = end.start() if end else len(text)
        if match["scheme"].lower() not in _NO_NETWORK:
            found = _read(match["host"], match["port"], has_scheme=True)
            if found:
                yield found
    rest.append(text[last:])
    for token in _BETWEEN.split(" ".join(rest)):
        match_bare = _BARE.match(token) if token else None
        if match_bare:
            found = _read(match_bare["host"], match_bare["port"])
            if found:
                yield found


def _read(host: str, port: str | None, *, has_scheme: bool = False) -> Address | None:
    """Return what Service a host could be; None for what can be none: an IP, a domain, a word that is a value."""
    number = int(port) if port else None
    if number is not None and not 0 < number <= _MOST_PORT:
        return None
    name = host.lower().rstrip(".")
    labels = name.split(".")
    if name in _NO_SERVICE or not all(map(_LABEL.match, labels)) or labels[-1].isdigit():
        return None
    named = _name_service(labels)
    if named is None or not named[0][0].isalpha():
        return None
    service, namespace, is_cluster_name, also = named
    is_plain = has_scheme or number is not None
    return Address(name, service, namespace, number, is_cluster_name, is_plain, has_scheme, also)


def _name_service(labels: list[str]) -> tuple[str, str | None, bool, tuple[str, str | None] | None] | None:
    if _CLUSTER in labels[2:]:
        # svc.ns.svc[.any.domain], or pod.svc.ns.svc: the two labels before "svc" count.
        place = labels.index(_CLUSTER, 2)
        domain = labels[place + 1 :]
        is_cluster_name = not domain or domain[-1] == "local"
        return (labels[place - 2], labels[place - 1], is_cluster_name, None) if place <= _LONGEST_NAME else None
    if len(labels) == 1:
        return labels[0], None, False, None
    if len(labels) == 2:  # noqa: PLR2004 - svc.ns; or pod.svc of a headless Service.
        return labels[0], labels[1], False, (labels[1], None)
    if len(labels) == _LONGEST_NAME:
        # pod.svc.ns of a headless Service; a domain otherwise, which the caller tells by what there is.
        return labels[1], labels[2], False, None
    return None
