import pytest

from services.graph.domain.logs.log_signatures import find_signatures

NGINX = (
    "2026/11/23 05:24:13 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, "
    'client: 10.0.0.1, upstream: "http://10.1.2.3:8080/", host: "shop"'
)
# As the programs write them: language or program, the line, its signature, and the host and port it tells of.
LINES = [
    (
        'psycopg2.OperationalError: could not translate host name "orders" to address: Name or service not known',
        "dns",
        "orders",
        "",
    ),
    ("Error: getaddrinfo ENOTFOUND redis-carts", "dns", "redis-carts", ""),
    ("Error: getaddrinfo EAI_AGAIN mongo.shop.svc:27017", "dns", "mongo.shop.svc", "27017"),
    ("dial tcp: lookup ledger.payments on 10.96.0.10:53: no such host", "dns", "ledger.payments", ""),
    ("java.net.UnknownHostException: kafka-0.kafka", "dns", "kafka-0.kafka", ""),
    ("curl: (6) Could not resolve host: api.example.com", "dns", "api.example.com", ""),
    (
        'nginx: [emerg] host not found in upstream "backend:8080" in /etc/nginx/conf.d/default.conf:3',
        "dns",
        "backend",
        "8080",
    ),
    (
        "2026-11-23T05:24:13.000000Z warn: redis-carts:6379 not reachable: Name or service not known",
        "dns",
        "redis-carts",
        "6379",
    ),
    ("System.Net.Sockets.SocketException (11): Name or service not known (sql:1433)", "dns", "sql", "1433"),
    ("ERROR 2005 (HY000): Unknown MySQL server host 'db' (-2)", "dns", "db", ""),
    (
        "redis.exceptions.ConnectionError: Error -2 connecting to cache:6379. Name or service not known.",
        "dns",
        "cache",
        "6379",
    ),
    ("grpc: DNS resolution failed for cart:7070: C-ares status is not ARES_SUCCESS", "dns", "cart", "7070"),
    ("dial tcp 10.96.1.2:5432: connect: connection refused", "connection-refused", "10.96.1.2", "5432"),
    ("Error: connect ECONNREFUSED 127.0.0.1:6379", "connection-refused", "127.0.0.1", "6379"),
    (
        'connection to server at "orders-db" (10.1.1.1), port 5432 failed: Connection refused',
        "connection-refused",
        "orders-db",
        "5432",
    ),
    (
        "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.",
        "connection-refused",
        "redis",
        "6379",
    ),
    (
        "org.postgresql.util.PSQLException: Connection to db:5432 refused. Check that the hostname",
        "connection-refused",
        "db",
        "5432",
    ),
    (
        NGINX,
        "connection-refused",
        "10.1.2.3",
        "8080",
    ),
    ("java.net.ConnectException: Connection refused", "connection-refused", "", ""),
    ("dial tcp 10.96.1.2:80: i/o timeout", "timeout", "10.96.1.2", "80"),
    ('Get "http://ledger.payments/balance": context deadline exceeded', "timeout", "ledger.payments", ""),
    ("Error: connect ETIMEDOUT 10.0.0.9:443", "timeout", "10.0.0.9", "443"),
    ("java.net.SocketTimeoutException: connect timed out", "timeout", "", ""),
    ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "tls", "", ""),
    ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "tls", "", ""),
    ("sun.security.validator.ValidatorException: PKIX path building failed", "tls", "", ""),
    ('FATAL:  password authentication failed for user "shop"', "authentication", "", ""),
    ("Access denied for user 'root'@'10.0.0.1' (using password: YES)", "authentication", "", ""),
    ("WRONGPASS invalid username-password pair or user is disabled.", "authentication", "", ""),
    ("OSError: [Errno 28] No space left on device: '/data/queue'", "disk-full", "", ""),
    ("Error: listen EADDRINUSE: address already in use :::8080", "port-in-use", "", "8080"),
    ("listen tcp :9090: bind: address already in use", "port-in-use", "", "9090"),
    ("nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)", "port-in-use", "", "80"),
    ('ERROR:  column "total" of relation "orders" already exists', "migration-conflict", "", ""),
    ("error: Dirty database version 42. Fix and force version.", "migration-conflict", "", ""),
    ("PermissionError: [Errno 13] Permission denied: '/var/cache/app'", "permission-denied", "", ""),
    ("mkdir /data: read-only file system", "permission-denied", "", ""),
    ("nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)", "permission-denied", "", ""),
    ("exec /app/server: exec format error", "program-missing", "", ""),
    ("sh: 1: serve: not found", "program-missing", "", ""),
    ("ModuleNotFoundError: No module named 'flask'", "program-missing", "", ""),
    ("Error: Cannot find module '/app/dist/main.js'", "program-missing", "", ""),
    ("Error: Could not find or load main class shop.Main", "program-missing", "", ""),
    ("KeyError: 'DATABASE_URL'", "config-missing", "", ""),
    ("FATAL environment variable API_KEY is not set", "config-missing", "", ""),
    ("open /etc/app/config.yaml: no such file or directory", "config-missing", "", ""),
    (
        "java.lang.IllegalArgumentException: Could not resolve placeholder 'payments.url' in value",
        "config-missing",
        "",
        "",
    ),
    ("Error: unknown flag: --listen-port", "config-missing", "", ""),
    ("java.lang.OutOfMemoryError: Java heap space", "out-of-memory", "", ""),
    ("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "out-of-memory", "", ""),
    (
        'pods is forbidden: User "system:serviceaccount:shop:sync" cannot list resource "pods" in API group ""',
        "kubernetes-forbidden",
        "",
        "",
    ),
    ("panic: runtime error: index out of range [3] with length 3", "crash", "", ""),
    ('{"level":"error","msg":"giving up"}', "crash", "", ""),
]


@pytest.mark.parametrize(("line", "signature", "host", "port"), LINES)
def test_a_line_carries_the_signature_of_its_trouble(line, signature, host, port):
    (match,) = find_signatures((line,))

    assert (match.signature.id, match.host, match.port) == (signature, host, port)
    assert match.lines == (line,)


@pytest.mark.parametrize(
    "line",
    [
        '{"severity":"info","timestamp":"2026-11-23T05:27:01Z","message":"request complete","http.resp.status":200}',
        "2026-11-23T05:26:33Z INFO  connecting to postgres://orders-db:5432/orders",
        '{"level":"INFO","message":"Ad Service starting."}',
        "Listening on 0.0.0.0:8080",
        "GET /healthz 200 1ms",
        "error_page 404 is configured",
    ],
)
def test_a_line_of_everyday_life_carries_none(line):
    assert find_signatures((line,)) == ()


def test_what_is_generic_is_told_only_where_nothing_else_is_known():
    lines = ("Traceback (most recent call last):", "KeyError: 'PORT'")

    assert [match.signature.id for match in find_signatures(lines)] == ["config-missing"]


def test_the_clearest_line_names_what_is_meant():
    lines = (
        "Name or service not known",
        'could not translate host name "orders" to address: Name or service not known',
    )

    (match,) = find_signatures(lines)

    assert match.host == "orders"
    assert len(match.lines) == 2
