from tests.support.chromium import Watched, ready
from tests.support.product import Product


def test_signed_in_the_first_page_is_the_dashboard(admin: Watched, product: Product) -> None:
    assert admin.page.url == f"{product.url}/"
    assert admin.page.get_by_role("link", name="Dashboard").get_attribute("aria-current") == "page"


def test_the_theme_of_ones_choice_stays(admin: Watched) -> None:
    page = admin.page
    page.locator(".menu > summary").click()
    page.get_by_role("button", name="Dark").click()

    page.reload()
    ready(page)

    assert page.locator("html").get_attribute("data-theme") == "dark"
