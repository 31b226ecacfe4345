"""Versions of modules: as clients make them, and as Terraform takes them."""

import io
import tarfile
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from tests.support.module_desk import (
    FOREIGN,
    ID,
    REPOSITORY,
    Desk,
    desk,
    make,
    server,
    updating,
    version,
)
from tests.support.stacks import a_spec

from stackyard.kernel.access import SYSTEM, Subject, SubjectKind
from stackyard.kernel.ids import LEGACY, RepoId, RunId, StackId, new_ulid
from stackyard.modules import CONFIG_FILE, ModuleUnknownError
from stackyard.stacks import Provider
from stackyard.vcs import FileChange, NewRevision

__all__ = ["desk", "server"]  # fixtures

SHOW = "spacectl/ModuleMcpRegisterGetModuleVersionTool"
BASE = "/registry/modules/v1/acme/tasty/default"


async def state(desk: Desk, version_id: str) -> str | None:
    read = await desk.data("GetVersion", moduleId=ID, versionId=version_id)
    return read["version"] and str(read["version"]["state"])


async def numbers(desk: Desk, *, include_failed: bool = False) -> list[str]:
    read = await desk.data(
        "spacectl/ModuleMcpRegisterListModuleVersionsTool",
        moduleId=ID,
        includeFailed=include_failed,
    )
    return [one["number"] for one in read["versions"]]


async def test_a_version_without_test_cases_is_active_at_once(desk: Desk) -> None:
    await make(desk)
    made = await desk.data(
        "ResourceVersionCreate__2",
        module=ID,
        sha=desk.commits["plain"],
        version="1.0.0",
    )
    assert await state(desk, made["id"]) == "ACTIVE"
    assert await state(desk, new_ulid()) is None


async def test_a_version_with_test_cases_waits_for_them(desk: Desk) -> None:
    await make(desk)
    assert await state(desk, await version(desk, "tested")) == "PENDING"
    shown = await desk.ask(f'{{ module(id: "{ID}") {{ current {{ id }} }} }}')
    assert shown["data"]["module"]["current"] is None


async def test_a_version_of_code_that_cannot_be_read_here_waits_too(
    desk: Desk,
) -> None:
    await make(desk, provider="GITHUB", namespace="acme")
    sha = "c0ffee" * 5
    made = await desk.data("ResourceVersionCreate", module=ID, sha=sha, version="2.0.0")
    assert await state(desk, made["id"]) == "PENDING"
    shown = (await desk.data(SHOW, moduleId=ID, versionId=made["id"]))["version"]
    assert shown["metadata"] is None
    assert shown["downloadLink"] is None
    assert shown["sourceURL"] == f"https://github.com/acme/{REPOSITORY}/tree/{sha}"
    said = await desk.error("ResourceVersionCreate", module=ID, sha=sha, version=None)
    assert "say which version this commit is" in said
    said = await desk.error("ResourceVersionCreate", module=ID, sha=None, version=None)
    assert "code cannot be fetched from GITHUB yet" in said


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("plain", "1.0.0"), ("tested", "1.0.1"), ("silent", "0.1.0")],
)
async def test_without_a_number_it_is_the_one_in_the_modules_own_file(
    desk: Desk, name: str, wanted: str
) -> None:
    await make(desk)
    await version(desk, name)
    assert await numbers(desk) == [wanted]


async def test_the_file_is_the_one_below_the_project_root(desk: Desk) -> None:
    await make(desk, projectRoot="part")
    made = await version(desk, "deep")
    shown = (await desk.data(SHOW, moduleId=ID, versionId=made))["version"]
    assert shown["number"] == "3.0.0"
    assert [one["name"] for one in shown["metadata"]["root"]["inputs"]] == ["deep"]
    assert CONFIG_FILE == ".spacelift/config.yml"


async def test_a_commit_without_the_modules_code_makes_no_version(desk: Desk) -> None:
    await make(desk, projectRoot="part")
    named = {"module": ID, "sha": desk.commits["plain"], "version": "1.0.0"}
    said = await desk.error("ResourceVersionCreate", **named)
    assert "look at its project root" in said
    assert await numbers(desk) == []


async def test_an_encrypted_file_is_no_part_of_a_module(desk: Desk) -> None:
    files = [
        FileChange(path="closed/key.tf", content=b"", encrypt=True),
        FileChange(path="open/main.tf", content=b""),
    ]
    wanted = NewRevision(
        repo_id=RepoId(REPOSITORY), message="m", author_name="A", files=files
    )
    made = await desk.whole.platform.pushes.create_revision(wanted, by=SYSTEM)
    await make(desk, projectRoot="closed")
    await make(desk, name="open", projectRoot="open")
    named = {"sha": made.hash, "version": "1.0.0"}

    said = await desk.error("ResourceVersionCreate", module=ID, **named)
    await desk.data("ResourceVersionCreate", module="terraform-default-open", **named)

    assert '"closed/key.tf" is encrypted' in said
    assert await numbers(desk) == []


async def test_without_a_commit_it_is_the_newest_of_the_branch(desk: Desk) -> None:
    await make(desk)
    made = await desk.data("spacectl/ModuleCreateVersionCreateVersion", module=ID)
    assert made["number"] == "1.1.0"
    shown = (await desk.data(SHOW, moduleId=ID, versionId=made["id"]))["version"]
    assert shown["commit"]["hash"] == desk.commits["newest"]
    assert shown["commit"]["message"] == "newest"


async def test_a_version_of_no_commit_is_refused(desk: Desk) -> None:
    await make(desk)
    said = await desk.error(
        "ResourceVersionCreate", module=ID, sha="0" * 40, version=None
    )
    assert "no such commit" in said


async def test_the_number_of_a_version_cannot_be_used_again(desk: Desk) -> None:
    await make(desk)
    await version(desk, "plain", "1.0.0")
    named = {"module": ID, "sha": desk.commits["silent"], "version": "1.0.0"}
    said = await desk.error("ResourceVersionCreate", **named)
    assert said == f'version "1.0.0" already exists for {ID}'
    named["version"] = "3.0.0"
    assert "leaves a gap" in await desk.error("ResourceVersionCreate", **named)
    named["version"] = "v1"
    assert "MAJOR.MINOR.PATCH" in await desk.error("ResourceVersionCreate", **named)


async def test_a_version_says_what_is_in_it(desk: Desk) -> None:
    await make(desk)
    made = await version(desk, "plain")
    shown = (await desk.data(SHOW, moduleId=ID, versionId=made))["version"]
    assert shown["metadata"]["root"] == {
        "name": "tasty",
        "path": "",
        "readme": "# Tasty\n",
        "changelog": None,
        "empty": False,
        "inputs": [
            {
                "name": "size",
                "description": "How much of it.",
                "type": "number",
                "default": None,
                "required": True,
            },
            {
                "name": "cured",
                "description": "",
                "type": "any",
                "default": "true",
                "required": False,
            },
        ],
        "outputs": [{"name": "slices", "description": "What one gets."}],
        "dependencies": ["./pan"],
        "providerDependencies": [
            {
                "name": "aws",
                "namespace": "hashicorp",
                "source": "hashicorp/aws",
                "version": "~> 5.0",
            }
        ],
        "resources": [{"type": "aws_instance", "name": "stove"}],
    }
    assert shown["consumers"] == []
    assert shown["consumerCount"] == 0
    assert shown["yanked"] is False
    assert shown["downloadLink"] == f"http://stackyard.test{BASE}/1.0.0/archive"


async def test_the_highest_active_version_is_the_current_one(desk: Desk) -> None:
    await make(desk)
    for name, number in (("plain", "1.0.0"), ("newest", "1.1.0"), ("silent", "1.0.1")):
        await version(desk, name, number)
    await version(desk, "tested", "1.2.0")
    shown = await desk.data("spacectl/ModuleMcpRegisterGetModuleTool", moduleId=ID)
    assert shown["current"]["number"] == shown["latest"]["number"] == "1.1.0"
    assert shown["versionsCount"] == 4
    assert await numbers(desk) == ["1.2.0", "1.0.1", "1.1.0", "1.0.0"]


async def test_a_deleted_version_stays_as_withdrawn_and_is_offered_no_longer(
    desk: Desk,
) -> None:
    await make(desk)
    await version(desk, "plain", "1.0.0")
    bad = await version(desk, "newest", "1.1.0")
    for _ in range(2):
        gone = await desk.data(
            "spacectl/ModuleDeleteVersionDeleteVersion", module=ID, id=bad
        )
        assert gone == {"number": "1.1.0"}
    shown = (await desk.data(SHOW, moduleId=ID, versionId=bad))["version"]
    assert (shown["yanked"], shown["state"]) == (True, "ACTIVE")
    offered = (await desk.get(f"{BASE}/versions")).json()
    assert offered == {"modules": [{"versions": [{"version": "1.0.0"}]}]}
    assert (await desk.get(f"{BASE}/1.1.0/download")).status_code == 204
    named = {"module": ID, "sha": desk.commits["silent"], "version": "1.1.0"}
    assert "already exists" in await desk.error("ResourceVersionCreate", **named)


async def test_a_version_that_never_passed_is_removed(desk: Desk) -> None:
    await make(desk)
    waiting = await version(desk, "tested")
    named = {"module": ID, "id": waiting}
    await desk.data("spacectl/ModuleDeleteVersionDeleteVersion", **named)
    assert await state(desk, waiting) is None
    said = await desk.error("spacectl/ModuleDeleteVersionDeleteVersion", **named)
    assert "no such version" in said


async def test_spacectl_searches_versions_and_leaves_failed_ones_out(
    desk: Desk,
) -> None:
    await make(desk)
    await version(desk, "plain", "1.0.0")
    await version(desk, "newest", "1.1.0")

    async def found(**search: Any) -> dict[str, Any]:
        usual = {
            "orderBy": {"field": "createdAt", "direction": "DESC"},
            "predicates": [
                {
                    "field": "state",
                    "exclude": True,
                    "constraint": {"enumEquals": ["FAILED"]},
                }
            ],
        }
        read = await desk.data(
            "spacectl/ModuleSearchVersionGetSearchModuleVersions",
            id=ID,
            input=usual | search,
        )
        return dict(read["searchModuleVersions"])

    def shown(page: dict[str, Any]) -> list[str]:
        return [edge["node"]["number"] for edge in page["edges"]]

    first = await found(first=1)
    assert shown(first) == ["1.1.0"]
    assert first["edges"][0]["node"]["versionCount"] == 2
    assert first["pageInfo"]["hasNextPage"] is True
    rest = await found(first=1, after=first["pageInfo"]["endCursor"])
    assert shown(rest) == ["1.0.0"]
    assert rest["pageInfo"]["hasNextPage"] is False
    assert shown(await found(fullTextSearch="newest")) == ["1.1.0"]


async def test_terraform_discovers_the_registry(desk: Desk) -> None:
    found = (await desk.get("/.well-known/terraform.json")).json()
    assert found["modules.v1"] == "/registry/modules/v1/"


async def test_terraform_lists_active_versions_and_downloads_one(desk: Desk) -> None:
    await make(desk, projectRoot="part")
    await version(desk, "deep")
    await version(desk, "newest", "3.0.1")
    await desk.data("ModuleUpdate", id=ID, input=updating())
    assert await state(desk, await version(desk, "tested", "3.0.2")) == "PENDING"
    offered = (await desk.get(f"{BASE}/versions")).json()
    assert offered == {
        "modules": [{"versions": [{"version": "3.0.1"}, {"version": "3.0.0"}]}]
    }
    answer = await desk.get(f"{BASE}/3.0.0/download")
    assert (answer.status_code, answer.content) == (204, b"")
    source = answer.headers["x-terraform-get"]
    place = urlsplit(source).path
    assert place.endswith(f"{desk.commits['deep']}.tar.gz//part")

    assert (await desk.get(f"{BASE}/3.0.2/download")).status_code == 404

    link = (await desk.get(f"{BASE}/3.0.0/archive")).headers["location"]
    assert urlsplit(link).path + "//part" == place
    [archive] = [
        body
        for (_bucket, key), body in desk.whole.blobs.bodies.items()
        if desk.commits["deep"] in key
    ]
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert "part/main.tf" in tar.getnames()


async def test_a_folder_is_named_to_terraform_as_it_is_called(desk: Desk) -> None:
    await make(desk, projectRoot=FOREIGN)
    await version(desk, "deep", "1.0.0")
    answer = await desk.get(f"{BASE}/1.0.0/download")
    source = dict(answer.headers.raw)[b"x-terraform-get"].decode()
    assert urlsplit(source).path.endswith(f".tar.gz//{FOREIGN}")


@pytest.mark.parametrize(
    "path",
    [
        "acme/other/default",
        "acme/tasty/other",
        "other/tasty/default",
        "acme/tasty%00/default",
    ],
)
async def test_what_there_is_not_is_not_found_in_the_registry(
    desk: Desk, path: str
) -> None:
    await make(desk)
    await version(desk, "plain")
    assert (await desk.get(f"/registry/modules/v1/{path}/versions")).status_code == 404
    for number in ("9.9.9", "x"):
        missing = await desk.get(f"{BASE}/{number}/download")
        assert missing.status_code == 404
    desk.headers["nobody"] = {}
    refused = await desk.get(f"{BASE}/versions", who="nobody")
    assert refused.status_code == 401


async def test_a_module_is_for_its_space_for_those_below_and_for_whom_it_is_shared(
    desk: Desk,
) -> None:
    kitchen, pantry = desk.spaces["kitchen"], desk.spaces["pantry"]
    await make(desk, space=kitchen)
    await version(desk, "plain")
    desk.headers["cook"] = await desk.key("cook", pantry, "space-reader")
    desk.headers["guest"] = await desk.key("guest", LEGACY, "space-reader")

    async def status(who: str) -> int:
        return int((await desk.get(f"{BASE}/versions", who=who)).status_code)

    assert (await status("cook"), await status("guest")) == (200, 404)
    given = {"accounts": ["legacy"], "spaces": ["legacy"]}
    await desk.data("ModuleShare", id=ID, input=given)
    assert await status("guest") == 200
    await desk.data("ModuleShare", id=ID, input={})
    assert await status("guest") == 404
    await desk.data("ModulePublish", id=ID)
    assert await status("guest") == 200


async def test_a_run_takes_what_its_space_reaches_whatever_its_roles(
    desk: Desk,
) -> None:
    await make(desk, space=desk.spaces["kitchen"])
    await version(desk, "plain")
    async with desk.whole.platform.unit() as unit:
        for name, space in (("Below", desk.spaces["pantry"]), ("Beside", LEGACY)):
            await unit.stacks.create(a_spec(name=name, space_id=space), by=SYSTEM)

    async def take(stack: str) -> str:
        by = Subject(SubjectKind.RUN, f"{stack}/1", "run", stack_id=StackId(stack))
        async with desk.whole.platform.unit() as unit:
            taken = await unit.module_registry.take(
                "acme", "tasty", "default", "1.0.0", by=by
            )
        return taken.number

    assert await take("below") == "1.0.0"
    with pytest.raises(ModuleUnknownError):
        await take("beside")


async def test_the_stacks_whose_newest_run_took_a_version_use_it(desk: Desk) -> None:
    await make(desk)
    old, new = await version(desk, "plain"), await version(desk, "newest")
    async with desk.whole.platform.unit() as unit:
        spec = a_spec(provider=Provider.SPACELIFT, repository=REPOSITORY)
        stack = await unit.stacks.create(spec, by=SYSTEM)
    earlier, later = sorted([new_ulid(), new_ulid()])

    async def take(number: str, run: str) -> None:
        by = Subject(SubjectKind.RUN, f"net/{run}", "a run", stack_id=StackId(stack.id))
        async with desk.whole.platform.unit() as unit:
            await unit.module_registry.take("acme", "tasty", "default", number, by=by)

    async def users(version_id: str) -> list[str]:
        shown = (await desk.data(SHOW, moduleId=ID, versionId=version_id))["version"]
        assert shown["consumerCount"] == len(shown["consumers"])
        return [one["id"] for one in shown["consumers"]]

    await take("1.0.0", earlier)
    assert (await users(old), await users(new)) == (["net"], [])
    await take("1.1.0", later)
    await take("1.0.0", RunId(earlier))  # news that comes late
    assert (await users(old), await users(new)) == ([], ["net"])
    used = await desk.ask('{ stack(id: "net") { moduleVersionsUsed { number } } }')
    assert used["data"]["stack"]["moduleVersionsUsed"] == [{"number": "1.1.0"}]


async def test_a_version_keeps_where_its_code_was(desk: Desk) -> None:
    await make(desk, projectRoot="part")
    await version(desk, "deep")
    await desk.data("ModuleUpdate", id=ID, input=updating())
    answer = await desk.get(f"{BASE}/3.0.0/download")
    assert "tar.gz//part" in answer.headers["x-terraform-get"]


async def test_terraform_is_told_any_folder_in_the_bytes_that_it_has(
    desk: Desk,
) -> None:
    await make(desk)
    await version(desk, "plain")
    async with desk.whole.database.transaction() as session:
        query = text("UPDATE module_versions SET project_root = :folder")
        await session.execute(query, {"folder": "größe/大"})
    answer = await desk.get(f"{BASE}/1.0.0/download")
    assert answer.status_code == 204
    sent = dict(answer.headers.raw)[b"x-terraform-get"].decode()
    assert urlsplit(sent).path.endswith("tar.gz//größe/大")
