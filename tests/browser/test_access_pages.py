"""Who may do what, as an administrator decides it at a browser."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Browser, Locator, Page, Route, expect
from tests.support.browser import is_too_wide, sign_in
from tests.support.platform import Platform, running_platform

numbers = count(1)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running_platform(workers=0) as platform:  # nothing runs here
        yield platform


def a_space(platform: Platform, parent: str = "root") -> tuple[str, str]:
    name = f"Team {next(numbers)}"
    made = platform.client.ask(
        "mutation ($input: SpaceInput!) { spaceCreate(input: $input) { id } }",
        input={
            "name": name,
            "description": "",
            "parentSpace": parent,
            "inheritEntities": True,
        },
    )
    return str(made["spaceCreate"]["id"]), name


def a_role(platform: Platform, name: str) -> str:
    platform.client.ask(
        "mutation ($input: RoleInput!) { roleCreate(input: $input) { id } }",
        input={"name": name, "actions": ["SPACE_READ", "RUN_TRIGGER"]},
    )
    return name


def a_key(platform: Platform, role: str, space: str) -> tuple[str, str]:
    made = platform.client.ask(
        'mutation { apiKeyCreate(input: {name: "reader", admin: false}) { id secret } }'
    )["apiKeyCreate"]
    platform.client.ask(
        "mutation ($input: ApiKeyRoleBindingInput!)"
        " { apiKeyRoleBindingCreate(input: $input) { id } }",
        input={"apiKeyID": made["id"], "roleID": role, "spaceID": space},
    )
    return made["id"], made["secret"]


def sign_in_with_key(page: Page, key: str, secret: str) -> None:
    page.goto("/apikeytoken")
    page.get_by_label("Key ID").fill(key)
    page.get_by_label("Secret").fill(secret)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Stacks")).to_be_visible()


def dialog(page: Page, name: str) -> Locator:
    return page.get_by_role("dialog", name=name)


def row(page: Page, text: str) -> Locator:
    return page.get_by_role("row").filter(has_text=text)


def choice(within: Locator, name: str) -> Locator:
    return within.get_by_role("combobox", name=name, exact=True)


def choose_space(within: Locator, name: str) -> None:
    """Choose by the last part of its path."""
    path = within.locator("option", has_text=name).first.inner_text()
    choice(within, "Space").select_option(label=path)


def test_a_space_is_made_under_another_and_moved(
    page: Page, platform: Platform
) -> None:
    above, above_name = a_space(platform)
    _, elsewhere = a_space(platform)
    sign_in(page)
    page.goto(f"/spaces/{above}")

    page.get_by_role("button", name="New space below").click()
    form = dialog(page, "New space")
    form.get_by_label("Name").fill("Payments")
    form.get_by_label("Labels").fill("team:pay, critical")
    expect(form.get_by_label("Inherit from the parent")).to_be_checked()
    form.get_by_role("button", name="Create").click()
    expect(form).to_be_hidden()
    page.get_by_role("link", name="Payments").click()

    way = page.get_by_label("Breadcrumb")
    expect(way).to_have_text(f"Spaces / root / {above_name}")
    expect(page.get_by_text("team:pay")).to_be_visible()

    page.get_by_role("button", name="Change").click()
    form = dialog(page, "Change Payments")
    choice(form, "Parent").select_option(label=f"root / {elsewhere}")
    form.get_by_role("button", name="Save").click()
    expect(way).to_have_text(f"Spaces / root / {elsewhere}")


def test_why_a_space_stays_is_said_in_the_words_of_the_server(
    page: Page, platform: Platform
) -> None:
    above, name = a_space(platform)
    a_space(platform, parent=above)
    sign_in(page)
    page.goto(f"/spaces/{above}")

    page.get_by_role("button", name="Delete").click()
    question = dialog(page, f"Delete {name}?")
    question.get_by_role("button", name="Delete").click()

    said = "the space cannot be deleted, it still has 1 space"
    expect(question.get_by_role("alert")).to_have_text(said)


def test_a_role_of_ones_own_has_the_actions_that_were_ticked(page: Page) -> None:
    sign_in(page)
    page.goto("/settings/roles")
    page.get_by_role("link", name="New role").click()
    page.get_by_label("Name").fill("Trigger happy")
    page.get_by_label("space:read").check()
    page.get_by_label("Search actions").fill("run:trigger")
    page.get_by_label("run:trigger", exact=True).check()
    expect(page.get_by_role("status")).to_have_text("2 actions chosen")
    page.get_by_role("button", name="Create").click()
    expect(row(page, "Trigger happy")).to_contain_text("to nobody")

    page.get_by_role("link", name="Trigger happy").click()
    expect(page.get_by_label("space:read")).to_be_checked()
    expect(page.get_by_label("run:trigger", exact=True)).to_be_checked()
    expect(page.get_by_label("run:confirm")).not_to_be_checked()


def test_the_secret_of_a_key_is_shown_once_and_opens_what_its_role_allows(
    page: Page, platform: Platform, tmp_path: Path
) -> None:
    space, space_name = a_space(platform)
    role = a_role(platform, "Looks and triggers")
    sign_in(page)
    page.goto("/settings/keys")
    key, secret = make_key(page, "robot", tmp_path)

    page.get_by_role("button", name="Roles of robot").click()
    roles = dialog(page, "Roles of robot")
    choice(roles, "Role").select_option(label=role)
    choose_space(roles, space_name)
    roles.get_by_role("button", name="Give role").click()
    held = roles.get_by_role("list", name="Roles held")
    expect(held).to_contain_text(f"{role} in root / {space_name}")
    roles.get_by_role("button", name="Done").click()

    page.reload()
    expect(row(page, "robot")).to_contain_text(f"in {space_name}")
    assert secret not in page.content()
    page.goto(f"/spaces/{space}")
    expect(row(page, "robot")).to_contain_text(role)
    page.get_by_role("button", name="Sign out").click()
    sign_in_with_key(page, key, secret)
    expect(page.get_by_role("link", name="Settings")).to_have_count(0)


def test_a_list_that_was_on_its_way_does_not_hide_what_was_made_meanwhile(
    page: Page, tmp_path: Path
) -> None:
    held: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if not held and "query Keys" in (route.request.post_data or ""):
            held.append((route, route.fetch()))
        else:
            route.continue_()

    sign_in(page)
    page.route("**/graphql", hold)
    page.goto("/settings/keys")
    make_key(page, "hasty", tmp_path)
    [(route, before)] = held
    route.fulfill(response=before)

    expect(row(page, "hasty")).to_be_visible()


def make_key(page: Page, name: str, folder: Path) -> tuple[str, str]:
    """Make one as a person does, and keep the file of its secret."""
    page.get_by_role("button", name="New key").click()
    form = dialog(page, "New API key")
    form.get_by_label("Name").fill(name)
    form.get_by_role("button", name="Create").click()
    shown = dialog(page, f"The key {name}")
    key = shown.get_by_label("Key ID", exact=True).input_value()
    secret = shown.get_by_label("Secret", exact=True).input_value()
    with page.expect_download() as download:
        shown.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == f"{name}.txt"
    download.value.save_as(folder / "secret.txt")
    assert secret in (folder / "secret.txt").read_text()
    shown.get_by_role("button", name="Done").click()
    return key, secret


def invite(page: Page, name: str, space_name: str) -> None:
    form = dialog(page, "Invite somebody")
    form.get_by_label("User name").fill(name)
    form.get_by_label("E-mail address").fill(name)
    choose_space(form, space_name)
    choice(form, "Access").select_option("WRITE")
    form.get_by_role("button", name="Invite").click()


def test_a_person_is_invited_by_a_link_that_is_shown_once(
    page: Page, browser: Browser, platform: Platform
) -> None:
    guest = browser.new_page()
    _, space_name = a_space(platform)
    sign_in(page)
    page.goto("/settings/people")
    page.get_by_role("button", name="Invite", exact=True).click()
    invite(page, "ada@example.com", space_name)

    shown = dialog(page, "ada@example.com is invited")
    link = shown.get_by_label("Invitation link", exact=True).input_value()
    assert link.startswith(f"{platform.base}/invitation?token=")
    shown.get_by_role("button", name="Done").click()
    ada = row(page, "ada@example.com")
    expect(ada).to_contain_text("pending")
    expect(ada).to_contain_text(f"Space writer in {space_name}")
    page.reload()
    expect(ada).to_be_visible()
    assert link not in page.content()

    page.get_by_role("button", name="Invite ada@example.com again").click()
    page.get_by_role("dialog").get_by_role("button", name="Invite again").click()
    field = shown.get_by_label("Invitation link", exact=True)
    expect(field).not_to_have_value(link)
    newer = field.input_value()
    shown.get_by_role("button", name="Done").click()

    guest.goto(link)
    over = guest.get_by_role("heading", name="This invitation is over")
    expect(over).to_be_visible()
    guest.goto(newer)
    expect(guest.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    guest.close()


def test_who_is_sent_away_is_named_first(page: Page, platform: Platform) -> None:
    platform.client.ask(
        "mutation ($input: ManagedUserInviteInput!)"
        " { managedUserInvite(input: $input) { id } }",
        input={"username": "grace@example.com", "invitationEmail": "g@example.com"},
    )
    sign_in(page)
    page.goto("/settings/people")
    page.get_by_role("button", name="Remove grace@example.com").click()
    question = dialog(page, "Remove grace@example.com?")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()

    question.get_by_role("button", name="Remove").click()
    expect(question).to_be_hidden()
    expect(row(page, "grace@example.com")).to_have_count(0)


def test_who_is_quick_opens_again_what_escape_has_just_closed(page: Page) -> None:
    sign_in(page)
    page.goto("/settings/groups")
    opener = page.get_by_role("button", name="New group")
    opener.click()
    form = dialog(page, "New group")
    expect(form).to_be_visible()

    # Escape, and the button before the browser says anything about it
    opener.evaluate(
        "button => { document.querySelector('dialog').requestClose(); button.click(); }"
    )

    expect(form.get_by_label("Name")).to_be_focused()


def test_a_group_is_mapped_with_the_keyboard_alone(page: Page) -> None:
    sign_in(page)
    page.goto("/settings/groups")
    opener = page.get_by_role("button", name="New group")
    opener.focus()
    page.keyboard.press("Enter")
    form = dialog(page, "New group")
    expect(form.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()
    expect(opener).to_be_focused()

    page.keyboard.press("Enter")
    expect(form.get_by_label("Name")).to_be_focused()
    page.keyboard.type("Platform  Engineers")
    page.keyboard.press("Tab")
    page.keyboard.type("Two blanks, as their provider says it")
    for _ in range(2):  # past Cancel
        page.keyboard.press("Tab")
    expect(form.get_by_role("button", name="Create")).to_be_focused()
    page.keyboard.press("Enter")

    expect(form).to_be_hidden()
    expect(row(page, "Two blanks")).to_contain_text("Platform  Engineers")
    expect(opener).to_be_focused()


def test_a_stack_is_given_a_role(page: Page, platform: Platform) -> None:
    client = platform.client
    name = f"Network {next(numbers)}"
    stack = client.create_stack(name, client.create_repo(name), platform.pool)
    sign_in(page)
    page.goto(f"/stack/{stack}")
    section = page.get_by_role("region", name="Roles of this stack")

    choice(section, "Role").select_option(label="Space writer")
    choice(section, "Space").select_option(label="root / legacy")
    section.get_by_role("button", name="Give role").click()
    expect(section.get_by_role("list")).to_contain_text("Space writer in root / legacy")
    section.get_by_role("button", name="Give role").click()
    said = "This role is bound in this space already."
    expect(section.get_by_role("alert")).to_have_text(said)
    section.get_by_role("button", name=re.compile("Take Space writer")).click()
    expect(section.get_by_text("No roles yet")).to_be_visible()


def test_a_session_of_somebody_else_is_ended(
    page: Page, browser: Browser, platform: Platform
) -> None:
    space, _ = a_space(platform)
    other = browser.new_context(base_url=platform.base).new_page()
    sign_in_with_key(other, *a_key(platform, "space-reader", space))
    sign_in(page)
    page.goto("/settings/sessions")
    expect(row(page, "this one")).to_have_count(1)

    page.get_by_role("button", name="End the session of reader").click()
    page.get_by_role("dialog").get_by_role("button", name="End").click()

    expect(row(page, "reader")).to_have_count(0)
    other.get_by_role("link", name="Spaces").click()
    expect(other.get_by_label("User name")).to_be_visible()
    other.context.close()


def test_what_is_forbidden_is_said_and_signs_nobody_out(
    page: Page, platform: Platform
) -> None:
    space, name = a_space(platform)
    sign_in_with_key(page, *a_key(platform, "space-reader", space))

    page.goto("/settings/sessions")
    expect(page.get_by_role("alert")).to_contain_text("You are unauthorized")
    page.get_by_role("link", name="Spaces").click()
    expect(page.get_by_role("link", name=re.compile(name))).to_contain_text("read")


def test_a_wrong_secret_is_refused_in_the_words_of_the_server(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Sign in with an API key").click()
    page.get_by_label("Key ID").fill("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    page.get_by_label("Secret").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()

    said = "These credentials are not accepted."
    expect(page.get_by_role("alert")).to_have_text(said)


def a_policy(platform: Platform) -> str:
    made = platform.client.ask(
        "mutation ($input: PolicyCreateInput!)"
        " { policyCreatev2(input: $input) { id } }",
        input={
            "name": f"Rule {next(numbers)}",
            "type": "PLAN",
            "body": "package spacelift\n# one",
        },
    )
    return str(made["policyCreatev2"]["id"])


def test_a_policy_is_made_and_found(page: Page) -> None:
    sign_in(page)
    page.get_by_role("link", name="Policies").click()
    expect(page.get_by_text("nothing evaluates them yet")).to_be_visible()

    page.get_by_role("button", name="New policy").click()
    form = dialog(page, "New policy")
    form.get_by_label("Name").fill("No booms")
    choice(form, "Type, for good").select_option("PLAN")
    choice(form, "Space").select_option(label="root")
    form.get_by_label("Labels").fill("red, autoattach:net")
    form.get_by_label("Body").fill("package spacelift\n# boom")
    form.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="No booms")).to_be_visible()
    expect(page.get_by_text("have the label net")).to_be_visible()
    expect(page.get_by_text("# boom")).to_be_visible()

    page.goto("/policies?q=booms")
    expect(page.get_by_role("link", name="No booms")).to_contain_text("0 stacks")
    page.get_by_label("Search policies").fill("no such words")
    expect(page.get_by_text("No policy matches that search.")).to_be_visible()


def test_a_policy_is_attached_and_detached(page: Page, platform: Platform) -> None:
    repo = platform.client.create_repo("guarded")
    platform.client.create_stack("Guarded", repo, platform.pool)
    sign_in(page)
    page.goto(f"/policies/{a_policy(platform)}")

    page.get_by_role("button", name="Attach").click()
    form = page.get_by_role("dialog")
    choice(form, "Stack").select_option(label="Guarded")
    form.get_by_role("button", name="Attach").click()
    expect(row(page, "Guarded")).to_contain_text("attached")
    page.get_by_role("button", name="Detach from Guarded").click()
    page.get_by_role("dialog").get_by_role("button", name="Detach").click()
    expect(page.get_by_text("No stack has it")).to_be_visible()


def test_a_policy_is_changed_and_deleted(page: Page, platform: Platform) -> None:
    sign_in(page)
    page.goto(f"/policies/{a_policy(platform)}")

    page.get_by_role("button", name="Change").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_label("Body")).to_have_value("package spacelift\n# one")
    form.get_by_label("Body").fill("package spacelift\n# two")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("# two")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Policies")).to_be_visible()


PLACES = (
    "/policies",
    "/spaces",
    "/spaces/root",
    "/settings/people",
    "/settings/groups",
    "/settings/keys",
    "/settings/roles",
    "/settings/roles/new",
    "/settings/sessions",
    "/settings/sign-in",
    "/settings/audit",
)


def test_nothing_sticks_out_on_a_phone(browser: Browser, platform: Platform) -> None:
    a_space(platform)
    context = browser.new_context(
        base_url=platform.base,
        viewport={"width": 360, "height": 740},
        color_scheme="dark",
    )
    page = context.new_page()
    sign_in(page)
    for place in PLACES:
        page.goto(place)
        page.get_by_role("heading", level=1).wait_for()
        expect(page.get_by_text("Loading…")).to_have_count(0)
        assert not is_too_wide(page), place
    context.close()
