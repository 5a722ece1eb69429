"""Which words name secrets, and which texts are secrets by their look."""

import re
from itertools import pairwise

MASK = "***"

# What stands alone in a name, or in a row of words in it, and so names a secret.
_WORDS = frozenset(
    [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "pass",
        "secret",
        "secrets",
        "token",
        "tokens",
        "credential",
        "credentials",
        "apikey",
        "authorization",
        "auth",
        "accesskey",
        "privatekey",
        "bearer",
        "cookie",
        "dsnpassword",
        "dockerconfigjson",
    ]
)
_KEYS_OF = frozenset(
    [
        "api",
        "access",
        "account",
        "private",
        "signing",
        "encryption",
        "master",
        "session",
        "shared",
        "hmac",
        "license",
        "storage",
    ]
)
# A name that ends so tells where a secret is, or something about one; a host or a path is evidence.
_ABOUT = frozenset(
    [
        "file",
        "path",
        "dir",
        "url",
        "uri",
        "host",
        "hostname",
        "port",
        "name",
        "ttl",
        "expiry",
        "expiration",
        "seconds",
        "minutes",
        "enabled",
        "namespace",
        "type",
        "issuer",
        "endpoint",
        "audience",
        "length",
        "ref",
        "server",
        "method",
        "mode",
        "provider",
        "algorithm",
        "mount",
    ]
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_A_VALUE = re.compile(r"(?i)true|false|null|none|\$\(.*\)|\$\{.*\}|\*+|")

_NAME = (
    r"(?:[\w.-]*?(?:password|passwd|passphrase|pwd|secret|token|credentials?|api[_.-]?key|access[_.-]?key"
    r"|private[_.-]?key|account[_.-]?key|signing[_.-]?key|encryption[_.-]?key|authorization))"
)
_VALUE = r"""(?:\$\([^)]*\)|\$\{[^}]*\}|"[^"\n]*"|'[^'\n]*'|[^\s&;,"'<>)\]}]+)"""

# What is a secret wherever it stands.
_BY_LOOK = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bnpm_[A-Za-z0-9]{30,}"
    r"|\bxox[abeoprs]-[\w-]{10,}|(?<=hooks\.slack\.com/services/)[\w/]+"
    r"|\b[prsw]+k_(?:live|test)_[0-9A-Za-z]{10,}|\bwhsec_[0-9A-Za-z+/=]{16,}"
    r"|\bAIza[\w-]{35}|\bya29\.[\w-]{20,}"
    r"|\bsk-(?:ant-|proj-)?[\w-]{20,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bhvs\.[\w-]{20,}",
    re.DOTALL,
)
_URL_ACCOUNT = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s:/@?#\"']*:[^\s/?#\"']*@")
# user:password@tcp(host:3306)/name of Go's MySQL driver.
_DRIVER_ACCOUNT = re.compile(r"[\w.-]+:[^\s@/]+@(?=(?:tcp|unix)\()")
_SCHEME = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}")
# With a digit in it, or it is a word of a message: `may require authorization: authorization failed`.
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization|x-api-key|x-auth-token|cookie)(\"?\s*:\s*\"?)(?!\*)(?=[^\s\"',;]*[0-9=])[^\s\"',;]{8,}"
)
_ASSIGNED = re.compile(rf"(?i)(?<![\w.-])({_NAME})(\s?=\s?)({_VALUE})")
_QUOTED = re.compile(rf"(?i)([\"'])({_NAME}|auth)\1(\s*:\s*)({_VALUE})")
_YAML = re.compile(rf"(?im)^(\s*(?:- )?)({_NAME})(:[ \t]+)({_VALUE})(?=[ \t]*$)")


def is_secret_name(name: str) -> bool:
    """Answer whether what is called so is most likely a secret, rather than something about one."""
    words = [word.lower() for part in re.split(r"[^A-Za-z0-9]+", name) for word in _CAMEL.split(part) if word]
    if not words or words[-1] in _ABOUT:
        return False
    pairs = pairwise(words)
    if any(word.endswith(("password", "passwd", "apikey")) for word in words):
        return True
    return not _WORDS.isdisjoint(words) or any(one in _KEYS_OF and two == "key" for one, two in pairs)


def is_value(text: str) -> bool:
    """Answer whether a text may be a secret at all: a reference to a variable is none, nor is true or false."""
    return _NOT_A_VALUE.fullmatch(text.strip()) is None


def mask_text(text: str) -> str:
    """Return ``text`` with what looks like a secret masked. Hosts, ports and paths stay."""
    if len(text) < _SHORTEST:
        return text
    text = _BY_LOOK.sub(MASK, text)
    if "@" in text:
        text = _URL_ACCOUNT.sub(rf"\1{MASK}:{MASK}@", text)
        text = _DRIVER_ACCOUNT.sub(f"{MASK}:{MASK}@", text)
    text = _SCHEME.sub(rf"\1 {MASK}", text)
    if ":" in text:
        text = _HEADER.sub(_mask_header, text)
        text = _QUOTED.sub(_mask_quoted, text)
        text = _YAML.sub(lambda found: f"{found[1]}{_pair(found[2], found[3], found[4])}", text)
    if "=" in text:
        text = _ASSIGNED.sub(lambda found: _pair(found[1], found[2], found[3]), text)
    return text


def _mask_header(found: re.Match[str]) -> str:
    # `Bearer ***` was masked a moment ago, and says more than a mask alone.
    value = found[0][len(found[1]) + len(found[2]) :]
    return found[0] if value.lower() in {"bearer", "basic"} else f"{found[1]}{found[2]}{MASK}"


def _mask_quoted(found: re.Match[str]) -> str:
    mark = found[1]
    return f"{mark}{found[2]}{mark}{found[3]}{_masked(found[2], found[4])}"


def _pair(name: str, between: str, value: str) -> str:
    return f"{name}{between}{_masked(name, value)}"


def _masked(name: str, value: str) -> str:
    mark = value[0] if value[:1] in {'"', "'"} else ""
    if not is_secret_name(name) or not is_value(value.strip("\"'")):
        return value
    return f"{mark}{MASK}{mark}"


# No secret worth the name is shorter, with the name it is given.
_SHORTEST = 8
