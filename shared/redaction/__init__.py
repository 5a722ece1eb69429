"""Take what is plainly a secret out of text that is kept or shown. Imported by every service."""

from shared.redaction.find import find_secret, find_secret_argument
from shared.redaction.named import names_a_secret
from shared.redaction.span import REDACTED
from shared.redaction.stream import Redactor, redact

__all__ = ["REDACTED", "Redactor", "find_secret", "find_secret_argument", "names_a_secret", "redact"]
