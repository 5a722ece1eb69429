"""Made-up secrets of every shape that must never be kept, and texts that only look alike.

Parts are joined here, so that no scanner takes them for real ones.
"""

_BODY = "MIIEpAIBAAKCAQEAx7qXz0bYk3dKJ1uW5m8nQ2rT6vE9cH4sL0aPzGfYwBiNjOoD"


def _key(word: str) -> str:
    return f"-----BEGIN {word}PRIVATE KEY-----\n{_BODY}\n{_BODY[::-1]}\nq83vEg==\n-----END {word}PRIVATE KEY-----"


_JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "dozjgNryP4J3jVmNHl0w5N"
_AWS_ID = "AKIA" + "IOSFODNN7EXAMPLE"
_AWS_SECRET = "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY"
_SECRET_YAML = """apiVersion: v1
data:
  config.json: eyJhIjogImh1bnRlcjIifQ==
  user: aHVudGVyMjI=
immutable: false
kind: Secret
metadata:
  name: orders-db
"""
_SECRET_JSON = """{
    "apiVersion": "v1",
    "data": {
        "user": "aHVudGVyMjI=",
        "x": "eyJhIjogImh1bnRlcjIifQ=="
    },
    "kind": "Secret"
}
"""

# What it is, the text, and the parts of it that must be gone.
SECRETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "private key, RSA": (_key("RSA "), (_BODY, _BODY[::-1], "q83vEg")),
    "private key, PKCS8": (f"cat key\n{_key('')}\ndone", (_BODY, "q83vEg")),
    "private key, EC, indented": (
        "  tls.key: |\n    " + _key("EC ").replace("\n", "\n    ") + "\nx: 1",
        (_BODY, "q83vEg"),
    ),
    "private key, OpenSSH, in JSON": ('{"k": "' + _key("OPENSSH ").replace("\n", "\\n") + '"}', (_BODY, "q83vEg")),
    "private key, before each line a time": (
        "\n".join(f"2026-11-23T12:00:00Z {line}" for line in _key("RSA ").splitlines()),
        (_BODY, "q83vEg"),
    ),
    "private key, cut off": (_key("RSA ").partition("q83")[0], (_BODY, _BODY[::-1])),
    "AWS key id": (f"key {_AWS_ID} was used", (_AWS_ID,)),
    "AWS secret key beside its id": (f"{_AWS_ID}\t{_AWS_SECRET}", (_AWS_ID, _AWS_SECRET)),
    "AWS secret key in a profile": (f"[default]\naws_secret_access_key = {_AWS_SECRET}\n", (_AWS_SECRET,)),
    "AWS secret key in JSON": (f'{{"SecretAccessKey": "{_AWS_SECRET}"}}', (_AWS_SECRET,)),
    "GitHub token": ("clone with ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8", ("a1B2c3D4e5",)),
    "GitHub token, fine-grained": ("github_pat_" + "11ABCDEFG0abcdefghijkl_mnop", ("11ABCDEFG0",)),
    "GitLab token": ("glpat-" + "x1Y2z3A4b5C6d7E8f9G0", ("x1Y2z3A4",)),
    "Slack token": ("post as xoxb-" + "123456789012-abcdefghijkl", ("abcdefghijkl",)),
    "Slack token of an app": ("xapp-" + "1-A0123-456-abcdef", ("A0123",)),
    "Slack webhook": ("https://hooks.slack.com/services/" + "T0001/B0001/XXabcdefghij", ("XXabcdefghij",)),
    "JSON web token": (f"got {_JWT} from it", (_JWT.split(".")[1], _JWT.split(".")[2])),
    "bearer header": ("Authorization: Bearer abcdef0123456789", ("abcdef0123",)),
    "bearer header of curl": ("curl -H 'authorization:Bearer abcdefXghijkl' https://x", ("abcdefXghijkl",)),
    "basic header in JSON": ('{"Authorization":"Basic c2hvcDpodW50ZXIyMg=="}', ("c2hvcDpo",)),
    "bearer alone": ("sent bearer mF_9.B5f-4.1JqM to it", ("mF_9.B5f",)),
    "cookie": ("Set-Cookie: session=abcdef123456; Path=/", ("abcdef123456",)),
    "password in an address": ("see https://shop:hunter22@orders.example/x", ("hunter22",)),
    "connection string of PostgreSQL": ("postgres://shop:hunt@r22@orders-db:5432/orders", ("hunt@r22", "r22")),
    "connection string of MongoDB": ("mongodb+srv://shop:hunter22@cluster0.example.net/x", ("hunter22",)),
    "connection string of Redis": ("redis://:hunter22@cache:6379/0", ("hunter22",)),
    "connection string of Azure": (
        "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=Zm9vYmFyYmF6cXV4MTIzNDU2==;EndpointSuffix=x",
        ("Zm9vYmFyYmF6",),
    ),
    "connection string of SQL Server": ("Server=d;User Id=sa;Password=hunt er22;Database=x", ("Password=hunt", "er22")),
    "connection string of Go's MySQL": ("shop:hunter22@tcp(orders-db:3306)/orders", ("hunter22",)),
    "password in an environment": ("DB_PASSWORD=hunter22 run", ("hunter22",)),
    "password in an environment, with spaces": ("PATH=/bin\nPGPASSWORD=correct horse\nHOME=/", ("correct", "horse")),
    "password with marks in it": ("x DB_PASSWORD=hun,ter&22;kx9q run", ("hun,", "ter&22", "kx9q")),
    "password that begins like a reference": ("x PASSWORD=$ecret-hunter y", ("ecret-hunter",)),
    "password of digits": ("db.password: 12345678\n", ("12345678",)),
    "password in YAML": ("database:\n  password: hunter22\n  host: db\n", ("hunter22",)),
    "password in YAML, quoted": ("- admin_password: 'it''s hunter22'  # x\n", ("hunter22", "it''")),
    "password in YAML, a block": ("password: |-\n  hunter22\n  33retnuh\nhost: db\n", ("hunter22", "33retnuh")),
    "password in YAML, going on": ("password: correct\n  horse\nhost: db\n", ("correct", "horse")),
    "token in YAML": ("users:\n- user:\n    token: abcd.efgh\n", ("abcd.efgh",)),
    "password in JSON": ('{"host": "db", "password": "correct horse"}', ("correct", "horse")),
    "password in JSON, with a quote in it": (r'{"password":"hun\"ter22","host":"db"}', ("hun", "ter22")),
    "password in JSON in JSON": (r'{"a": "{\"dbPassword\": \"hun\\\"ter22\", \"b\": 1}"}', ("hun", "ter22")),
    "password in YAML in JSON": (r'{"a.yaml": "db:\n  password: hunter-two\n  host: db\n", "b": 1}', ("hunter-two",)),
    "number in JSON": ('{"apiKey": 12345678, "b": 1}', ("12345678",)),
    "password after its flag": ("run: mysql --db-password hunter22 -u shop", ("hunter22",)),
    "password in its flag": ("args: [--token=hunter22]", ("hunter22",)),
    "key in a query": ("GET /v1/charge?api_key=abcdefgh&amount=3", ("abcdefgh",)),
    "password in XML": ("<user>shop</user><dbPassword>hunter22</dbPassword>", ("hunter22",)),
    "variable of a pod, YAML": ("env:\n- name: DB_PASSWORD\n  value: hunter22\n- name: A\n  value: b\n", ("hunter22",)),
    "variable of a pod, JSON": ('{\n  "name": "API_TOKEN",\n  "value": "hunter22"\n}', ("hunter22",)),
    "variable of a pod, one line": ('[{"name":"API_TOKEN","value":"hunter22"}]', ("hunter22",)),
    "variable of a pod, described": (
        "    Environment:\n      DB_PASSWORD:  hunter22\n      HOST:  db\n",
        ("hunter22",),
    ),
    "key of a ConfigMap, described": ("Data\n====\npassword:\n----\nhunter22\n\nhost:\n----\ndb\n", ("hunter22",)),
    "Secret, YAML": (_SECRET_YAML, ("eyJhIjog", "aHVudGVy")),
    "Secret, YAML, in a list": (
        "items:\n- " + _SECRET_YAML.replace("\n", "\n  ").rstrip() + "\n- apiVersion: v1\n  data:\n    a: b\n",
        ("eyJhIjog", "aHVudGVy"),
    ),
    "Secret, manifest": ("kind: Secret\ndata:\n  user: aHVudGVyMjI=\n  b: |\n    aHVudGVy\n---\n", ("aHVudGVy",)),
    "Secret, plain data": (
        "stringData:\n  a.ini: |\n    hunter22\n  b: 33retnuh\nkind: Secret\n",
        ("hunter22", "33ret"),
    ),
    "Secret, plain data, without its kind": ("stringData:\n  a: hunter two\n", ("hunter two",)),
    "Secret, after something else": (f"kind: ConfigMap\ndata:\n  a: b\n---\n{_SECRET_YAML}", ("eyJhIjog", "aHVudGVy")),
    "Secret, cut off": ("data:\n  user: aHVudGVyMjI=\n  x: eyJhIjogImh1bnRlcjIifQ==\n", ("eyJhIjog", "aHVudGVy")),
    "Secret, JSON": (_SECRET_JSON, ("eyJhIjog", "aHVudGVy")),
    "Secret, last applied": (
        r'a: "{\"apiVersion\":\"v1\",\"data\":{\"user\":\"aHVudGVyMjI=\"},\"kind\":\"Secret\"}"',
        ("aHVudGVy",),
    ),
    "kubeconfig": (
        "users:\n- user:\n    client-certificate-data: LS0tLS1CRUdJTiBDRVJU\n    client-key-data: c2VjcmV0a2V5\n",
        ("c2VjcmV0a2V5",),
    ),
    "private key in base64": ("x LS0tLS1CRUdJTi" + "BSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlF", ("UFJJVkFURSBLRVkt",)),
    "account of a registry": ('{"auths":{"r.example":{"auth":"dXNlcjpodW50ZXIyMg=="}}}', ("dXNlcjpo",)),
    "Google API key": ("AIza" + "SyA1234567890abcdefghijklmnopqrstuv", ("SyA12345",)),
    "Stripe key": ("sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", ("4eC39Hq",)),
    "Vault token": ("hvs." + "CAESIJ1234567890abcdefgh", ("CAESIJ",)),
    "token of Faultline": ("flt_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3", ("a1B2c3D4",)),
    "session of Faultline": ("cookie fls_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3", ("a1B2c3D4",)),
}

LOOK_ALIKE: dict[str, str] = {
    "public key": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----\n",
    "certificate": "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkq\n-----END CERTIFICATE-----\n",
    "certificate in base64": "certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t\n",
    "words about a private key": "the PRIVATE KEY is missing",
    "short AWS id": "AKIA" + "IOSFODNN7",
    "forty hex digits": "commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12 by AKIB",
    "prefix of a GitHub token": "tokens begin with ghp_ and have 36 more",
    "prefix of a Slack token": "xoxb-short",
    "one part of a token": "eyJhbGciOiJIUzI1NiJ9 alone",
    "words about a bearer": "no bearer authentication was sent; basic credentials neither",
    "words about authorization": "may require authorization: authorization failed: no basic auth credentials",
    "bearer that stands for one": "curl -H 'Authorization: Bearer $TOKEN' -H 'Authorization: Bearer <token>'",
    "address without an account": "http://cart.shop.svc:8080/items?user=a@b.example",
    "address with a user": "ssh://git@example.org:22/x",
    "address that stands for one": "postgres://app:$PASSWORD@db/shop",
    "message about a password": 'password authentication failed for user "shop"',
    "message about a Secret": 'secret "orders-db-password" not found',
    "message about a token": "MountVolume.SetUp failed for volume kube-api-access: token expired",
    "prose in a line": "error: invalid token: expired",
    "version of an image": "image: registry.example/token:2.14.0@sha256:9f86d081884c7d659a2feaa0c55ad015",
    "where a token is": "TOKEN_URL=https://login.example/token",
    "where a password is": "PASSWORD_FILE=/run/secrets/password",
    "reference to a variable": "DB_PASSWORD=$(ORDERS_DB_PASSWORD)",
    "reference to a Secret, described": "  DB_PASSWORD:  <set to the key 'password' in secret 'orders-db'>  Optional",
    "reference to a Secret, YAML": (
        "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      key: password\n      name: db\n"
    ),
    "volume of a Secret": "  volumes:\n  - name: tls\n    secret:\n      defaultMode: 420\n      secretName: tls\n",
    "nothing given": 'password: ""\ntoken: null\nautomountServiceAccountToken: false\n',
    "working directory": "PWD=/home/shop\nOLDPWD=/\n",
    "ConfigMap": "apiVersion: v1\ndata:\n  LOG_LEVEL: info\n  MODE: fast\nkind: ConfigMap\nmetadata:\n  name: a\n",
    "ConfigMap of base64": "data:\n  logo: aHVudGVyMjI=\nkind: ConfigMap\n",
    "ConfigMap in JSON": '{"data": {"LOG_LEVEL": "information"}, "kind": "ConfigMap"}',
    "Secret, described": "Type:  Opaque\n\nData\n====\npassword:  8 bytes\n".replace(
        "password:  8 bytes", "user:  8 bytes"
    ),
    "publishable key of Stripe": "pk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "short Google key": "AIza" + "SyA123",
    "table of pods": "NAME   READY   STATUS    RESTARTS   AGE\nweb-1  1/1     Running   0          3d\n",
    "account key without a value": "AccountName=shop;AccountKey=;EndpointSuffix=x",
    "driver without a password": "shop@tcp(orders-db:3306)/orders",
    "a question": "Does the token work? See the secret, then the password.",
}
