"""What every test at a browser does."""

from playwright.sync_api import Page, expect

from tests.support.platform import ADMIN, PASSWORD


def sign_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("User name").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Stacks")).to_be_visible()


def is_too_wide(page: Page) -> bool:
    """Whether one would have to push the page sideways to read it."""
    return bool(
        page.evaluate("(e => e.scrollWidth > e.clientWidth)(document.documentElement)")
    )
