"""Which signatures lines of logs carry, and which host, port, path or name they tell of."""

import re
from dataclasses import dataclass
from functools import lru_cache

from services.graph.domain.logs.log_patterns import SIGNATURES, Signature


@dataclass(frozen=True, slots=True)
class Match:
    """Lines that carry a signature, and what the clearest of them names."""

    signature: Signature
    lines: tuple[str, ...]
    host: str = ""
    port: str = ""
    path: str = ""
    name: str = ""


_BY_ID = {signature.id: signature for signature in SIGNATURES}
# Times of day read like a host and its port.
_TIME = re.compile(r"\d{4}[-/]\d\d[-/]\d\d(?:[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)?|\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?")
_LONGEST_LINE = 2_000
# In lower case: a line without any of these carries no signature, and most lines of a log tell of everyday work.
_TELLING = (
    *("error", "err:", "fail", "refus", "denied", "forbid", "cannot", "can't", "couldn", "could not", "not ", "no "),
    *(
        "unknown",
        "unrecognized",
        "unhandled",
        "uncaught",
        "unable",
        "undefined",
        "unset",
        "unreachable",
        "unauthorized",
    ),
    *("timeout", "timed out", "deadline", "exception", "panic", "fatal", "critical", "emerg", "traceback", "abort"),
    *(
        "x509",
        "tls",
        "ssl",
        "certificate",
        "enotfound",
        "econn",
        "eacces",
        "eperm",
        "enospc",
        "enomem",
        "erofs",
        "eaddr",
    ),
    *("ehost", "etimedout", "eai_", "enoent", "already", "duplicate", "missing", "required", "invalid", "malformed"),
    *("bad ", "expired", "exceeded", "memory", "bad_alloc", "read-only", "temporary", "nodename", "nxdomain", "dirty"),
    *(
        "migration",
        "must ",
        "placeholder",
        "wrongpass",
        "noauth",
        "p3009",
        "p3018",
        "segmentation",
        "sigsegv",
        "core dump",
    ),
    *("assert", "provided but", "refused", "mismatch", "expiredtoken", "accesskey", "401", "disk is full", "empty"),
    *("notmatch", "yaml", "not_found", "usage", "no_", "pem_", "er_no"),
)
# Words that stand where a host could, and are none.
_NO_HOST = {
    "tcp",
    "udp",
    "http",
    "https",
    "error",
    "to",
    "at",
    "on",
    "the",
    "server",
    "host",
    "address",
    "warn",
    "info",
}


def get_signature(signature_id: str) -> Signature:
    """Return the signature of this id; raises ``KeyError``."""
    return _BY_ID[signature_id]


# Every rule about logs asks for the same lines.
@lru_cache(maxsize=1_024)
def find_signatures(lines: tuple[str, ...]) -> tuple[Match, ...]:
    """Return what the lines carry, each signature once; what is generic only where nothing else was found.

    A line counts for the first signature that knows it, so one trouble is not told twice.
    """
    found: dict[str, list[tuple[int, str, re.Match[str]]]] = {}
    for line in lines:
        text = line[:_LONGEST_LINE]
        lowered = text.lower()
        if not any(word in lowered for word in _TELLING):
            continue
        text = _TIME.sub(" ", text)
        for signature in SIGNATURES:
            hit = _match(signature, text)
            if hit:
                found.setdefault(signature.id, []).append((hit[0], line, hit[1]))
                break
    matches = [_summarise(_BY_ID[key], hits) for key, hits in found.items()]
    telling = [match for match in matches if not match.signature.is_generic]
    return tuple(telling or matches)


def _match(signature: Signature, line: str) -> tuple[int, re.Match[str]] | None:
    if signature.excludes and signature.excludes.search(line):
        return None
    for index, pattern in enumerate(signature.patterns):
        hit = pattern.search(line)
        if hit:
            return index, hit
    return None


def _summarise(signature: Signature, hits: list[tuple[int, str, re.Match[str]]]) -> Match:
    # The patterns that name most stand first: the clearest line decides, the newest of equals.
    _, _, best = min(reversed(hits), key=lambda hit: hit[0])
    groups = {key: value for key, value in best.groupdict().items() if value}
    host = groups.get("host", "").rstrip(".")
    return Match(
        signature,
        tuple(dict.fromkeys(line for _, line, _ in hits)),
        "" if host.lower() in _NO_HOST else host,
        groups.get("port", ""),
        groups.get("path", ""),
        next((groups[key] for key in ("name", "table", "column", "placeholder", "klass") if key in groups), ""),
    )
