"""Print the OpenAPI document, as it is committed in docs/openapi.json: `python -m services.gateway.openapi`."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from services.gateway.api.docs import spec_json
from services.gateway.app import create_app
from services.gateway.composition import installed_version
from services.gateway.ports import Blobs, RecordPage, Store
from services.gateway.settings import Settings
from services.gateway.wiring import Gateway, RelayView
from shared.adapters.clock import SystemClock


class _Absent:
    """Stands where describing the API needs nothing: what making the app does not ask is a mistake."""

    last_seq = 0

    def subscribe(self, listener: Callable[[Any], None]) -> None:
        """Nothing will ever be committed."""

    def subscribe_waits(self, listener: Callable[[Sequence[float]], None]) -> None:
        """Nobody will ever wait."""

    def list_records(self, _kind: object, _query: object) -> RecordPage[Any]:
        """Nothing is kept."""
        return RecordPage(records=[], total=None, next_cursor=None)


def describe_api() -> str:
    """Return the document as text, without opening or starting anything."""
    nothing: Any = _Absent()
    gateway = Gateway(
        settings=Settings(host="", port=0, data_dir=Path(), broker_url="", door_key=""),
        store=cast("Store", nothing),
        blobs=cast("Blobs", nothing),
        clock=SystemClock(),
        relay=cast("RelayView", nothing),
        version=installed_version(),
    )
    with create_app(gateway).app_context():
        return spec_json().decode() + "\n"


if __name__ == "__main__":
    sys.stdout.write(describe_api())
