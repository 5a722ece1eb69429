"""How every contract is written down: camelCase JSON, frozen values."""

import msgspec


class Contract(msgspec.Struct, frozen=True, rename="camel"):
    """A value that crosses a boundary. JSON keys are camelCase; times are RFC 3339 in UTC."""
