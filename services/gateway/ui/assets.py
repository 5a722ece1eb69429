"""The built scripts and styles: which there are, and how they are served. Nothing here is built at run time."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from flask import Response, request

FOLDER = Path(__file__).parent / "assets"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
# A name changes with its content, so what is held under it never does.
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Assets:
    """What ``make setup`` built into ``folder``; nothing, where it could not."""

    folder: Path = FOLDER

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        try:
            return msgspec.json.decode((self.folder / "manifest.json").read_bytes(), type=dict[str, Any])
        except FileNotFoundError:
            return {"entries": {}, "files": {}}

    @cached_property
    def _files(self) -> dict[str, tuple[bytes, bytes]]:
        """All of it, held: pages that are open go on when a newer build takes the folder's place."""
        names = self._manifest["files"]
        return {name: ((self.folder / name).read_bytes(), (self.folder / f"{name}.gz").read_bytes()) for name in names}

    @property
    def are_built(self) -> bool:
        return "main" in self._manifest["entries"] and bool(self._files)

    def address(self, entry: str) -> str:
        """Return the path of a built script or style; raises ``KeyError`` for one that is not built."""
        return f"/assets/{self._manifest['entries'][entry]}"

    def modules(self) -> dict[str, str]:
        """Return the path of each script that pages load when they need it."""
        return {name: self.address(name) for name in self._manifest["entries"] if name not in {"main", "screens"}}

    def answer(self, name: str) -> Response | None:
        """Return the file of this name, packed where the browser takes that; None if there is none."""
        if name not in self._files:
            return None
        headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
        plain, packed = self._files[name]
        if request.accept_encodings.best_match(["gzip"]):
            headers["Content-Encoding"] = "gzip"
        body = packed if "Content-Encoding" in headers else plain
        return Response(body, 200, headers, content_type=_TYPES[Path(name).suffix])
