"""The generated pages: settings, the OpenAPI document, the surface, the rules. ``make docs`` writes them."""

import sys
from collections.abc import Callable
from pathlib import Path

from scripts.rule_pages import render_rules
from scripts.surface import dump_surface, print_openapi, read_surface

BEGIN = "<!-- settings: begin (make docs writes this table) -->"
END = "<!-- settings: end -->"

CONFIGURATION = Path("docs/configuration.md")
OPENAPI = Path("docs/openapi.json")
SURFACE = Path("docs/surface.json")
RULES = Path("docs/diagnosis-rules.md")


def settings_rows() -> list[str]:
    """Return the table of all settings, a line each, in the order of the code."""
    from shared.settings import SETTINGS  # noqa: PLC0415 - of the tree that is looked at, not of this one

    rows = ["| setting | default | what it does |", "| --- | --- | --- |"]
    for setting in SETTINGS.values():
        default = f"`{setting.default}`" if setting.default is not None else "none"
        secret = " *Secret.*" if setting.secret else ""
        rows.append(f"| `{setting.name}` | {default} | {setting.doc}{secret} |")
    return rows


def _configuration() -> str:
    page = CONFIGURATION.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{CONFIGURATION} has lost its marks: {BEGIN} … {END}")
    return before + BEGIN + "\n\n" + "\n".join(settings_rows()) + "\n\n" + END + after


def _surface() -> str:
    return dump_surface(read_surface())


PAGES: dict[Path, Callable[[], str]] = {
    CONFIGURATION: _configuration,
    OPENAPI: print_openapi,
    SURFACE: _surface,
    RULES: render_rules,
}


def stale_pages() -> list[Path]:
    """Return the generated pages of the current directory that do not say what the code says."""
    return [path for path, render in PAGES.items() if not path.exists() or path.read_text("utf-8") != render()]


def main(arguments: list[str]) -> int:
    """Write every page, or with ``--check`` only name those that are stale. Return the exit code."""
    stale = stale_pages()
    if "--check" in arguments:
        for path in stale:
            print(f"{path} does not say what the code says: run `make docs`")
        return 1 if stale else 0
    for path in stale:
        path.write_text(PAGES[path](), "utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
