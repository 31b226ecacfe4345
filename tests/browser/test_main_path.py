"""The main path as a person walks it: sign in, trigger, watch, confirm, see."""

import re
import socket
from itertools import count

from playwright.sync_api import Browser, Page, expect
from tests.support.browser import is_too_wide, sign_in
from tests.support.platform import ADMIN, PASSWORD, Platform
from tests.support.ports import free_port

CODE = """
resource "terraform_data" "network" {
  input = "10.0.0.0/16"
}
output "network" { value = terraform_data.network.output }
"""
numbers = count(1)


def a_stack(platform: Platform, **given: object) -> tuple[str, str]:
    name = f"Network {next(numbers)}"
    client = platform.client
    repo = client.create_repo(name)
    client.commit(repo, {"main.tf": CODE}, "Lay the network")
    return client.create_stack(name, repo, platform.pool, **given), name


def test_a_person_brings_code_to_infrastructure(page: Page, platform: Platform) -> None:
    door = free_port()  # the plan waits until somebody listens there
    knock = f"bash -c ': < /dev/tcp/127.0.0.1/{door}' 2> /dev/null"
    _, name = a_stack(
        platform,
        beforePlan=["echo step-1", f"until {knock}; do sleep 0.2; done", "echo step-2"],
    )
    sign_in(page)

    page.get_by_role("link", name=re.compile(name)).click()
    page.get_by_role("button", name="Trigger").click()

    log = page.get_by_role("log", name="Log of planning")
    expect(log).to_contain_text("step-1")
    expect(log).not_to_contain_text("step-2")  # it arrives line by line, not at the end
    with socket.create_server(("127.0.0.1", door)):
        expect(log).to_contain_text("step-2")
    summary = "1 to add, 0 to change, 0 to destroy"
    expect(page.get_by_text(summary, exact=True)).to_be_visible()
    expect(page.get_by_text("terraform_data.network", exact=True)).to_be_visible()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("status")).to_contain_text("finished")
    expect(page.get_by_role("log", name="Log of applying")).to_contain_text(
        "Apply complete"
    )
    page.get_by_label("Breadcrumb").get_by_role("link", name=name).click()
    expect(page.get_by_role("region", name="Outputs")).to_contain_text("10.0.0.0/16")


def test_a_discarded_run_changes_nothing(page: Page, platform: Platform) -> None:
    stack, name = a_stack(platform)
    sign_in(page)
    page.get_by_role("link", name=re.compile(name)).click()
    page.get_by_role("button", name="Trigger").click()
    expect(page.get_by_role("status")).to_contain_text("confirm or discard")

    page.get_by_role("button", name="Discard").click()

    expect(page.get_by_role("status")).to_contain_text("discarded")
    assert platform.client.outputs(stack) == {}


def test_a_wrong_password_is_said_and_gets_nobody_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("User name").fill(ADMIN)
    page.get_by_label("Password").fill("not it")
    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page.get_by_role("alert")).to_contain_text("not accepted")
    expect(page.get_by_role("heading", name="Stacks")).not_to_be_visible()


def test_the_keyboard_is_enough(page: Page, platform: Platform) -> None:
    _, name = a_stack(platform)
    page.goto("/")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type(ADMIN)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Stacks")).to_be_visible()

    page.get_by_label("Search stacks").focus()
    page.keyboard.type(name)
    expect(page.get_by_role("listitem")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name=re.compile(name))).to_be_visible()


def test_nothing_sticks_out_on_a_phone(browser: Browser, platform: Platform) -> None:
    stack, _ = a_stack(platform)
    context = browser.new_context(
        base_url=platform.base,
        viewport={"width": 360, "height": 740},
        color_scheme="dark",
    )
    page = context.new_page()
    sign_in(page)
    for place in ("/", f"/stack/{stack}"):
        page.goto(place)
        page.get_by_role("heading", level=1).wait_for()
        assert not is_too_wide(page), place
    context.close()


def test_a_run_of_a_modules_test_case_has_a_page(
    page: Page, platform: Platform
) -> None:
    client = platform.client
    repo = client.create_repo("terraform-default-tasty")
    config = "module_version: 1.0.0\ntests: [{name: It is tasty}]\n"
    client.commit(repo, {"main.tf": CODE, ".spacelift/config.yml": config})
    settings = {
        "administrative": False,
        "branch": "main",
        "localPreviewEnabled": False,
        "protectFromDeletion": False,
        "workerPool": platform.pool,
    }
    code = {"repository": repo, "provider": "SPACELIFT", "space": "legacy"}
    client.ask(
        "mutation ($input: ModuleCreateInput!) { moduleCreate(input: $input) { id } }",
        input={"updateInput": settings, **code},
    )
    module = "terraform-default-tasty"
    client.ask(f'mutation {{ versionCreate(module: "{module}") {{ id }} }}')
    [(run,)] = platform.query("SELECT id FROM runs WHERE type = 'TESTING'")
    sign_in(page)

    page.goto(f"/module/{module}/run/{run}")

    expect(page.get_by_role("heading", name="It is tasty")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("finished")
    expect(page.get_by_role("log", name="Log of applying")).to_contain_text("1 added")
    expect(page.get_by_label("Breadcrumb")).to_contain_text("Module tasty")
