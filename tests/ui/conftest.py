"""What the tests of the screens share: one running product, one browser, and pages signed in to it."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser

from tests.support.beset import CONTEXT, hostile_cluster
from tests.support.chromium import Watched, a_browser, a_context, a_watched_page, program, sign_in
from tests.support.product import ROOT, Product, running_product

SHOP = ROOT / "data/demo/shop"


@pytest.fixture(scope="session")
def changing_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snapshot of ``changing``, for a test to change: nothing else reads it."""
    return Path(shutil.copytree(SHOP, tmp_path_factory.mktemp("changing") / "shop"))


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, changing_shop: Path) -> Iterator[Product]:
    """The whole product, with a graph worker that reads a broken shop, and one whose every text is a payload."""
    if program() is None:
        pytest.skip("needs chromium: scripts/system-packages.sh installs it where it may")
    folder = tmp_path_factory.mktemp("ui")
    read = {"demo": SHOP, "shop": SHOP, "changing": changing_shop, CONTEXT: hostile_cluster(folder / CONTEXT)}
    # The snapshot of ``gone`` is not there: whatever asks for it is a job that fails.
    read["gone"] = folder / "gone"
    snapshots = ",".join(f"{name}={path}" for name, path in read.items())
    with running_product(folder, FAULTLINE_GRAPH_SNAPSHOTS=snapshots) as running:
        yield running


@pytest.fixture(scope="session")
def browser(product: Product) -> Iterator[Browser]:
    with a_browser() as running:
        yield running


@pytest.fixture(scope="session")
def token_of(product: Product) -> Callable[[str], str]:
    """Return the token of a person of this role: one a role for the whole run."""
    made: dict[str, str] = {"admin": product.token}

    def token(role: str) -> str:
        if role not in made:
            body = {"name": f"{role}-{uuid.uuid4().hex[:8]}", "role": role}
            answer = requests.post(f"{product.url}/api/tokens", json=body, headers=product.headers, timeout=10)
            made[role] = answer.json()["token"]
        return made[role]

    return token


@pytest.fixture
def open_as(product: Product, browser: Browser, token_of: Callable[[str], str]) -> Iterator[Callable[..., Watched]]:
    """Open a page as a person of a role, in a browser's profile of its own; at the end nothing went wrong in any."""
    with ExitStack() as stack:

        def open_page(role: str = "admin", **look: object) -> Watched:
            context = a_context(browser, **look)  # type: ignore[arg-type]
            stack.callback(context.close)
            watched = stack.enter_context(a_watched_page(context))
            sign_in(watched.page, product.url, token_of(role))
            return watched

        yield open_page


@pytest.fixture
def admin(open_as: Callable[..., Watched]) -> Watched:
    """A page signed in as the admin."""
    return open_as("admin")
