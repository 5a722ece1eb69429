"""What lines of logs say, in the words of many languages and programs: the signatures, as data."""

import re
from dataclasses import dataclass

_HOST = r"(?P<host>[A-Za-z0-9][A-Za-z0-9_.-]*)"
_PORT = r"(?P<port>\d{1,5})"


@dataclass(frozen=True, slots=True)
class Signature:
    """One sort of trouble. Patterns are tried in order; their groups ``host``, ``port``, ``path``, ``name`` count."""

    id: str
    title: str
    explanation: str
    remediation: str
    patterns: tuple[re.Pattern[str], ...]
    # Lines that use the same words for something else.
    excludes: re.Pattern[str] | None = None
    # What says that something went wrong, but not what.
    is_generic: bool = False


def _words(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


SIGNATURES: tuple[Signature, ...] = (
    Signature(
        "kubernetes-forbidden",
        "The Kubernetes API refuses it",
        "Its account lacks a right.",
        "Bind a role with the right the line names to its ServiceAccount.",
        _words(
            # Loggers that write JSON, or quote as Go does, put backslashes before the quotes.
            r'User \\*"?(?P<name>system:serviceaccount:[^"\\\s]+)\\*"? cannot '
            r'(?P<path>\w+(?: resource \\*"?[\w./-]+\\*"?)?)',
            r"io\.kubernetes\.client.*Forbidden|kubernetes\.client.*\(403\)|cannot list resource",
        ),
    ),
    Signature(
        "dns",
        "A host name does not resolve",
        "The name is wrong, its Service does not exist, or cluster DNS cannot be reached.",
        "Mend the host name in the configuration, or create the Service it means.",
        _words(
            rf'could not translate host name "?{_HOST}"? to address',
            rf"(?:ENOTFOUND|EAI_AGAIN)[ :]+{_HOST}(?::{_PORT})?",
            rf"lookup {_HOST}(?: on \S+)?: (?:no such host|server misbehaving|i/o timeout)",
            rf"UnknownHostException: {_HOST}",
            rf"could not resolve host:? '?{_HOST}",
            rf'host not found in (?:upstream|resolver|"\S+") "?{_HOST}(?::{_PORT})?',
            rf"unknown (?:mysql )?(?:server )?host '?{_HOST}",
            rf"{_HOST}:{_PORT}\S* .*(?:name or service not known"
            rf"|temporary failure in name resolution|nodename nor servname)",
            rf"(?:name or service not known|no such host is known)\.? \({_HOST}:{_PORT}\)",
            rf"DNS resolution failed for (?:service: )?{_HOST}(?::{_PORT})?",
            rf"failed to resolve '?\"?{_HOST}",
            rf"Error -[23] connecting to {_HOST}:{_PORT}",
            rf"host='{_HOST}', port={_PORT}.*(?:NameResolutionError|Name or service not known|Failed to resolve)",
            rf"getaddrinfo failed.*?{_HOST}:{_PORT}",
            r"name or service not known|temporary failure in name resolution|nodename nor servname|no such host"
            r"|getaddrinfo failed|NXDOMAIN|name does not resolve",
        ),
    ),
    Signature(
        "tls",
        "A TLS connection is not trusted",
        "A certificate is expired, of another name, or of an authority nobody here trusts; or one side speaks no TLS.",
        "Renew the certificate, add its authority to the trusted ones, or mend the name.",
        _words(
            r"x509: .*|certificate verify failed|CERTIFICATE_VERIFY_FAILED"
            r"|PKIX path building failed|SSLHandshakeException",
            r"UNABLE_TO_VERIFY_LEAF_SIGNATURE|self[- ]signed certificate|certificate has expired|CERT_HAS_EXPIRED",
            r"tls: (?:failed|bad|handshake|first record|unknown)|ssl handshake "
            r"(?:fail|error)|remote error: tls|wrong version number",
            r"RemoteCertificate\w+|The SSL connection could not be established|PEM_read_bio|cannot load certificate",
        ),
    ),
    Signature(
        "authentication",
        "Its credentials are refused",
        "User, password or token are wrong, expired or missing.",
        "Mend the credentials in the Secret it reads, or the account on the other side.",
        _words(
            r'password authentication failed for user "?(?P<name>[^"\s]+)',
            r"access denied for user '?(?P<name>[^'@\s]+)",
            r"(?:WRONGPASS|NOAUTH)\b|authentication (?:failed|required)"
            r"|invalid (?:username|password|credentials|api key|token)",
            r"no pg_hba.conf entry|role \"(?P<name>[^\"]+)\" does not exist|Login failed for user|SASL authentication",
            r"\b401 Unauthorized\b|status(?: code)?[ :=]+401\b|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken"
            r"|ACCESS_REFUSED|permission denied for (?:table|schema|relation|database)|not authorized on",
        ),
    ),
    Signature(
        "port-in-use",
        "Its port is taken",
        "Another process or container of the pod, or of the node with hostNetwork, listens there.",
        "Give one of them another port.",
        _words(
            rf"(?:address already in use|EADDRINUSE)[^\n]*?[:\s]{_PORT}\b",
            rf"(?::|port ){_PORT}[^\n]*(?:already in use|already bound|EADDRINUSE)",
            r"address already in use|EADDRINUSE|port is already allocated|BindException: Address",
        ),
    ),
    Signature(
        "connection-refused",
        "Nobody listens where it connects to",
        "The host answers, and nothing listens on the port: it is down, not ready, or the port is wrong.",
        "Bring the other side up, or mend host and port.",
        _words(
            rf'connection to server at "{_HOST}"(?: \([^)]*\))?, port {_PORT} failed: connection refused',
            rf"could not connect to server: Connection refused.*?host \"{_HOST}\".*?port {_PORT}",
            rf"dial (?:tcp|udp)[46]? {_HOST}:{_PORT}: connect: connection refused",
            rf"ECONNREFUSED {_HOST}:{_PORT}",
            rf"Error 111 connecting to {_HOST}:{_PORT}",
            rf'connection refused\)? while connecting to upstream.*upstream: "\w+://{_HOST}:{_PORT}',
            rf"connect(?:ion)? to {_HOST}[:/ ](?:port )?{_PORT}[^\n]*refused",
            rf"host='{_HOST}', port={_PORT}.*Connection refused",
            rf"connection refused:? \(?(?:\w+://)?{_HOST}[:/]{_PORT}",
            rf"(?:\w+://)?{_HOST}:{_PORT}[^\n]*connection refused",
            rf"(?:can't|cannot|could not) connect to (?:\w+ )*(?:server )?(?:on|at) '?{_HOST}(?::{_PORT})?'?.*\(?111",
            r"connection refused|ECONNREFUSED|actively refused",
        ),
    ),
    Signature(
        "timeout",
        "Who it connects to does not answer",
        "Packets are dropped on the way: a network policy, a firewall, a dead node; or the other side is too slow.",
        "Look at network policies between the two, and at the health of the other side.",
        _words(
            rf"dial (?:tcp|udp)[46]? {_HOST}:{_PORT}: (?:i/o timeout|connect: connection timed out)",
            rf"ETIMEDOUT {_HOST}:{_PORT}",
            rf'connection to server at "{_HOST}"(?: \([^)]*\))?, port {_PORT} failed: '
            rf"(?:connection|timeout)\s?(?:timed out|expired)",
            rf"host='{_HOST}', port={_PORT}.*(?:timed out|ConnectTimeout)",
            rf"(?:\w+://)?{_HOST}:{_PORT}[^\n]*(?:timed out|timeout|deadline exceeded)",
            rf"(?:timed out|timeout)[^\n]*?(?:\w+://)?{_HOST}:{_PORT}\b",
            rf"(?:Get|Post|Put|Head) \"\w+://{_HOST}(?::{_PORT})?[^\"]*\": .*(?:timeout|deadline exceeded)",
            rf"(?:timeout|timed out)[^\n]*? \w+://{_HOST}(?::{_PORT})?",
            r"connection timed out|connect(?:ion)? timeout|ETIMEDOUT|i/o timeout|deadline[ _]exceeded|read timed out"
            r"|SocketTimeoutException|no route to host|EHOSTUNREACH|network is unreachable|upstream timed out",
        ),
    ),
    Signature(
        "disk-full",
        "No space is left",
        "The volume or the node's disk is full.",
        "Grow the volume, or free space.",
        _words(
            r"no space left on device[^\n]*?(?P<path>/[\w./-]+)?",
            r"ENOSPC|disk quota exceeded|database or disk is full|disk is full|not enough (?:disk )?space",
        ),
        # Watches of files are limited too, and the system says it with the same error.
        re.compile(r"inotify|file watchers", re.IGNORECASE),
    ),
    Signature(
        "out-of-memory",
        "It runs out of memory by its own account",
        "Its heap, or what the system gives it, is used up.",
        "Raise the limit and the heap it may use, or find what uses so much.",
        _words(
            r"OutOfMemory(?:Error|Exception)|JavaScript heap out of memory|\bMemoryError\b|std::bad_alloc",
            r"cannot allocate memory|runtime: out of memory|out of memory: killed|ENOMEM|GC overhead limit exceeded",
        ),
    ),
    Signature(
        "migration-conflict",
        "The database is not as it expects",
        "A migration ran before, ran half, or did not run.",
        "Compare the migrations with the state of the database; mark or mend the one that is named.",
        _words(
            r'(?:column|relation|table|index|constraint|type) "?'
            r'(?P<name>[\w.]+)"?(?: of relation "?[\w.]+"?)? already exists',
            r"duplicate column(?: name)?:? '?(?P<name>[\w.]+)|table '?(?P<table>[\w.]+)'? already exists",
            r'(?:relation|column|table) "?(?P<name>[\w.]+)"?(?: of relation "?[\w.]+"?)? does not exist',
            r"no such (?:table|column):? (?P<name>[\w.]+)|unknown column '(?P<column>[\w.]+)'|ER_NO_SUCH_TABLE",
            r"dirty database version|migration(?:s)? (?:\S+ )?(?:failed"
            r"|checksum mismatch)|FlywayException|LiquibaseException"
            r"|Validate failed: Migrations|Can't locate revision|P3009|P3018|pending migrations?",
        ),
    ),
    Signature(
        "permission-denied",
        "The file system or the kernel refuses it",
        "It runs as a user that may not do this, or writes where nothing may be written.",
        "Mend user, fsGroup or capabilities, or mount a volume where it writes.",
        _words(
            r"(?:permission denied|EACCES|EPERM|operation not permitted)[^\n]*?['\":\s](?P<path>/[\w./-]+)",
            r"(?P<path>/[\w./-]+)['\":\s][^\n]*?(?:permission denied|operation not permitted|read-only file system)",
            r"listen tcp [^\n]*: bind: permission denied|bind\(\) to \S+ failed \(13",
            r"read-only file system|EROFS|permission denied|EACCES|AccessDeniedException: /|UnauthorizedAccessException"
            r"|operation not permitted",
        ),
        re.compile(
            r"permission denied for (?:table|schema|relation|database)|permission denied \(publickey", re.IGNORECASE
        ),
    ),
    Signature(
        "program-missing",
        "A program, module or library it needs is not in its image",
        "The command is wrong, the image was built without it, or it is of another architecture.",
        "Mend the command, or build the image with what is missing.",
        _words(
            r"exec format error",
            r'exec:? "?(?P<name>[^":\s]+)"?: (?:executable file not found|no such file or directory|permission denied)',
            r"(?P<name>[\w./-]+): (?:command )?not found\s*$",
            r"ModuleNotFoundError: No module named '?(?P<name>[\w.]+)|ImportError: (?:cannot import|No module named)",
            r"cannot find (?:module|package) '?(?P<name>[^'\s]+)|ERR_MODULE_NOT_FOUND",
            r"ClassNotFoundException: (?P<name>\S+)|NoClassDefFoundError: "
            r"(?P<klass>\S+)|Could not find or load main class",
            r"error while loading shared libraries: (?P<name>[^:\s]+)|version `?GLIBC_\S+ not found"
            r"|Could not load file or assembly|Unable to access jarfile|can't open file '(?P<path>[^']+)'",
        ),
    ),
    Signature(
        "config-missing",
        "Its configuration is missing or wrong",
        "A setting, variable or file it must have is not there, or cannot be understood.",
        "Set what the line names.",
        _words(
            r"(?:environment variable|env(?:ironment)? var|env) [`'\"]?(?P<name>[A-Z][A-Z0-9_]+)[`'\"]? .*?"
            r"(?:not set|required|missing|undefined|empty|not found|unset)",
            r"(?:missing|required)[^\n]*?(?:environment|env|config\w*"
            r"|setting|variable|key|property|option)s?[^\n]*?[:\s]"
            r"[`'\"]?(?P<name>[A-Z][A-Z0-9_.]{2,}|[a-z][\w]*\.[\w.]+)",
            r"(?P<name>[A-Z][A-Z0-9_]{2,}) (?:is )?(?:not set|required"
            r"|missing|must be (?:set|defined|provided)|undefined|unset)",
            r"KeyError: '(?P<name>[A-Za-z_][\w.]*)'|Could not resolve placeholder '(?P<placeholder>[^']+)'",
            r"(?:open|read|stat|load\w*|config\w*)[^\n]*?(?P<path>/[\w./-]+)['\"]?:? (?:no such file|not found)",
            r"(?:FileNotFoundError|ENOENT|FileNotFoundException|no such file or directory)[^\n]*?(?P<path>/[\w./-]+)",
            r"(?P<path>/[\w./-]+)['\"]?:? (?:\()?no such file or directory",
            r"(?:invalid|bad|malformed|missing|failed to (?:load|parse"
            r"|read)|error (?:loading|parsing|reading)|unable to load)"
            r" (?:the )?(?:\w+ )?(?:config\w*|settings|yaml|toml|json config)",
            r"unknown (?:flag|option|argument|directive)|unrecognized "
            r"(?:arguments?|option)|flag provided but not defined"
            r"|no such option|YAMLException|yaml: (?:line|unmarshal)"
            r"|configuration file .* test failed|invalid value .* for flag",
        ),
    ),
    Signature(
        "crash",
        "It reports an error it cannot go on with",
        "The lines say what it met; none of the usual causes is recognised.",
        "Read the lines, and look for what changed before them.",
        _words(
            r"^panic: |\bpanic:|Traceback \(most recent call last\)"
            r"|Exception in thread|Unhandled (?:exception|rejection)"
            r"|uncaught ?exception|segmentation fault|SIGSEGV|core dumped|assertion failed",
            r"\b(?:FATAL|CRITICAL|EMERG(?:ENCY)?)\b|fatal error|\"(?:level|severity)\": ?\"(?:fatal|critical|panic)\"",
            r"\bERROR\b[: \]|]|^error: |\"(?:level|severity)\": ?\"error\"|\b\w+(?:Error|Exception): ",
        ),
        is_generic=True,
    ),
)
