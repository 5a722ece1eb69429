"""No text anybody or anything writes runs in a page, adds to one, or breaks one."""

from urllib.parse import quote

from playwright.sync_api import Browser, Page

from tests.support.beset import CONTEXT, Beset
from tests.support.chromium import Watched, ready
from tests.support.every_screen import SCREENS, Screen
from tests.support.furnished import Furnished
from tests.support.product import Product
from tests.support.xss import INTRUDERS, LISTEN, PAYLOADS, SUM, WORKED_OUT

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def look(page: Page, product: Product, screen: Screen, beset: Furnished) -> list[str]:
    """Open a screen and everything in it; return what is wrong with it."""
    answer = page.goto(product.url + screen.address(beset))
    assert answer is not None
    ready(page)
    # What is heavy loads when it comes into view, which may be far down.
    for heavy in page.locator("main [data-module]").all():
        heavy.scroll_into_view_if_needed()
    page.locator(screen.settled).first.wait_for()
    # What stands folded away is drawn too, and dialogs hold forms.
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    wrong = [f"{screen.name}: {one}" for one in page.evaluate(INTRUDERS)]
    if answer.status >= 500 or page.locator("h1").count() == 0:
        wrong.append(f"{screen.name}: answered {answer.status}, and has no heading")
    if page.evaluate(OVERFLOW) > 0:
        wrong.append(f"{screen.name}: wider than its window")
    if WORKED_OUT in page.content():
        wrong.append(f"{screen.name}: a template worked something out")
    return wrong


def test_no_text_runs_adds_to_a_page_or_breaks_one(admin: Watched, product: Product) -> None:
    beset, page = Beset(product).fill(), admin.page
    admin.expected_statuses = {404}
    page.add_init_script(LISTEN)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))

    wrong = [one for screen in SCREENS if screen.signed_in for one in look(page, product, screen, beset)]

    assert wrong == []
    assert dialogs == []
    # They stand there as the text they are.
    page.goto(f"{product.url}/incidents/{beset.incident}")
    assert page.locator("h1").inner_text().endswith(f"{PAYLOADS[0]}{PAYLOADS[22]}")
    page.goto(f"{product.url}/quickdx?context={CONTEXT}&namespace=shop&kind=Deployment")
    assert f"cart{PAYLOADS[3]}" in page.locator("#dx-names option").evaluate_all("(all) => all.map((one) => one.value)")


def test_what_an_address_says_is_text_too(admin: Watched, product: Product) -> None:
    page, wrong = admin.page, []
    admin.expected_statuses = {400, 404, 422}
    page.add_init_script(LISTEN)
    for path in (
        "/incidents?q=",
        "/quickdx?name=",
        "/quickdx?context=",
        "/incidents/",
        "/operations/deliveries?source=",
    ):
        for text in (PAYLOADS[19] + PAYLOADS[22] + PAYLOADS[0], f"{{{{{SUM}}}}}"):
            page.goto(product.url + path + quote(text, safe=""))
            # Not before its scripts are at work: what is cut off while it loads, the console tells of.
            ready(page)
            wrong += [f"{path}: {one}" for one in page.evaluate(INTRUDERS)]
            wrong += [f"{path}: worked out"] if WORKED_OUT in page.content() else []

    assert wrong == []


def test_the_look_sees_what_gets_through(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<h1>Nothing</h1>")
    page.evaluate(LISTEN)
    before = page.evaluate(INTRUDERS)
    unseen = []
    for text in PAYLOADS[:19]:
        page.set_content(f"<h1>{text}</h1>", wait_until="commit")
        unseen += [text] if not page.evaluate(INTRUDERS) else []
    page.close()

    assert before == []
    assert unseen == []
