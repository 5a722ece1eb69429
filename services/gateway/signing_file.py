"""Read the file of signing secrets: which sources sign what they send, strictly and without repeating a secret."""

from pathlib import Path
from typing import Annotated

import msgspec

from services.gateway.domain.signatures import Signing

LEAST_SECRET_LENGTH = 8
_Secret = Annotated[str, msgspec.Meta(min_length=LEAST_SECRET_LENGTH, max_length=1_000)]
_Header = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,100}$")]


class _Grafana(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    secret: _Secret
    header: _Header = "X-Grafana-Alerting-Signature"
    timestamp_header: _Header | None = None


class _Sentry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    secret: _Secret


class _Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    secret: _Secret
    header: _Header = "X-Hub-Signature-256"
    timestamp_header: _Header | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    grafana: _Grafana | None = None
    sentry: _Sentry | None = None
    webhook: _Webhook | None = None


def read_signing_file(path: Path) -> dict[str, Signing]:
    """Return how each source signs, by its name; raise ``ValueError`` with what is wrong and where."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from None
    signing: dict[str, Signing] = {}
    for name, one in (("grafana", found.grafana), ("webhook", found.webhook)):
        if one is not None:
            signing[name] = Signing(secret=one.secret, header=one.header, timestamp_header=one.timestamp_header)
    if found.sentry is not None:
        # Sentry sends the time but signs the body alone.
        signing["sentry"] = Signing(
            secret=found.sentry.secret,
            header="Sentry-Hook-Signature",
            timestamp_header="Sentry-Hook-Timestamp",
            signs_timestamp=False,
        )
    return signing
