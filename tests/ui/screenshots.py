"""Write a picture of every screen, in both themes, wide and narrow, and those that the README shows.

Run by ``make screenshots``: ``python -m tests.ui.screenshots FOLDER``. The product is one of its own, in the middle of
the demo's outage.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser

from tests.support.chromium import NARROW, WIDE, a_browser, a_context, ready, sign_in
from tests.support.every_screen import SCREENS, Screen
from tests.support.furnished import Furnished, furnish
from tests.support.product import ROOT, Product, running_product

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES = (WIDE, NARROW)
SHOWN = ROOT / "docs/images"
IN_THE_README = ("dashboard-dark-1440", "inbox-light-1440", "incident-light-1440", "incident-graph-dark-1440")


def main(folder: Path) -> None:
    """Write the pictures into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, running_product(Path(data)) as product, a_browser() as browser:
        furnished = furnish(product)
        for theme in THEMES:
            for size in SIZES:
                _take(browser, product, furnished, folder, size, theme)
    for name in IN_THE_README:
        SHOWN.mkdir(exist_ok=True)
        shutil.copy(folder / f"{name}.png", SHOWN / f"{name}.png")


def _take(
    browser: Browser,
    product: Product,
    furnished: Furnished,
    folder: Path,
    size: tuple[int, int],
    theme: Literal["light", "dark"],
) -> None:
    context = a_context(browser, size=size, theme=theme)
    page = context.new_page()
    sign_in(page, product.url, product.token)
    for screen in SCREENS:
        path = folder / f"{screen.name}-{theme}-{size[0]}.png"
        page.goto(product.url + screen.address(furnished))
        ready(page)
        page.locator(screen.settled).first.wait_for()
        page.wait_for_load_state("networkidle") if _is_still(screen) else page.wait_for_timeout(300)
        page.screenshot(path=path, full_page=screen.name != "incident-graph")
        print(path)
    context.close()


def _is_still(screen: Screen) -> bool:
    """Answer whether the network of the screen ever comes to rest: a live one holds its stream open."""
    return not screen.signed_in


if __name__ == "__main__":
    main(Path(sys.argv[1]))
