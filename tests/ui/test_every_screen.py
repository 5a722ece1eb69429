"""What must hold on every screen: reachable by everybody, as wide as its window, nothing wrong in the console."""

from collections.abc import Callable

import pytest

from tests.support.chromium import NARROW, WIDE, Watched, axe_violations, ready
from tests.support.every_screen import SCREENS, Screen
from tests.support.furnished import Furnished, furnish
from tests.support.product import Product

LOOKS = [pytest.param(WIDE, "light", id="wide-light"), pytest.param(NARROW, "dark", id="narrow-dark")]
# As far as the content reaches beyond the window to the right: such a page scrolls sideways.
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def furnished(product: Product) -> Furnished:
    return furnish(product)


def show(watched: Watched, product: Product, screen: Screen, furnished: Furnished) -> None:
    watched.expected_statuses = {404} if screen.name == "unknown" else set()
    watched.page.goto(product.url + screen.address(furnished))
    ready(watched.page)
    watched.page.locator(screen.settled).first.wait_for()


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_every_screen_is_reachable_by_everybody_and_fits(
    size: tuple[int, int], theme: str, open_as: Callable[..., Watched], product: Product, furnished: Furnished
) -> None:
    watched, wrong = open_as("admin", size=size, theme=theme), []
    for screen in SCREENS:
        show(watched, product, screen, furnished)
        wrong += [f"{screen.name}: {one}" for one in axe_violations(watched.page)]
        if (beyond := watched.page.evaluate(OVERFLOW)) > 0:
            wrong.append(f"{screen.name}: {beyond} pixels wider than the window")

    assert wrong == [], "\n".join(wrong)
