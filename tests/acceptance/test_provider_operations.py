"""Terraform providers, from the draft to `terraform init`: what spacectl and the
provider send, what Terraform reads, and what is kept from whom.
"""

import asyncio
import base64
import json
import platform
import sys
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final, cast

import httpx
import pytest
from sqlalchemy import select, text
from tests.support.edge import Edge
from tests.support.git_backend import OwnTls
from tests.support.postgres import cloned
from tests.support.provider import Provider
from tests.support.registry import Registry
from tests.support.release import (
    LINUX,
    Release,
    documents,
    public_armor,
    secret_key,
    sha256,
)
from tests.support.stacks import a_spec
from tests.support.terraform import Machine, listening
from tests.support.whole import Whole, whole

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue.tables import QueueMessage
from stackyard.identity import ApiKey
from stackyard.kernel.access import SYSTEM, Subject, SubjectKind
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.ids import (
    ROOT,
    ProviderId,
    ProviderVersionId,
    SpaceId,
    StackId,
)
from stackyard.kernel.routing import event_of
from stackyard.plugins import seed_templates
from stackyard.reactions.providers import delete_forgotten
from stackyard.registry.providers import (
    GpgKey,
    ProviderFilesForgotten,
    ProviderInUseError,
    ProviderNotFoundError,
    ProviderSpec,
    ProviderVersionSpec,
    PublicKey,
    UploadTooLargeError,
    file_key,
)
from stackyard.spaces import Holder, HolderKind, SpaceSpec, seed

REGISTRY: Final = "/registry/providers/v1/acme"
NOWHERE: Final = "01GBASTWAEPJ1HDMXDMWTRC8DN"
WAITING: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock'"
)
NO_HEADERS: Final[dict[str, list[object]]] = {"entries": []}


@dataclass
class Shop:
    """The whole server, and the clients that ask it."""

    whole: Whole
    provider: Provider = field(init=False)
    spacectl: Provider = field(init=False)

    def client(self) -> httpx.AsyncClient:
        return self.whole.client()

    async def key(self, *, admin: bool = True) -> tuple[ApiKey, str]:
        async with self.whole.platform.unit() as unit:
            new = await unit.api_keys.create(name="ci", admin=admin, by=SYSTEM)
        return new.key, new.secret or ""

    async def registry_token(self) -> str:
        """Return what an administrator's Terraform signs in with."""
        async with self.whole.platform.unit() as unit:
            new = await unit.api_keys.create(name="tf", admin=True, by=SYSTEM)
        return new.registry_token or ""

    async def open(self) -> "Shop":
        self.provider = await Provider(cast("Edge", self)).sign_in()
        self.spacectl = self.provider.beside("spacectl")
        return self

    async def reader_of(self, space: SpaceId, role: str = "space-reader") -> Provider:
        """Return the clients of somebody who is no administrator of the account."""
        key, secret = await self.key(admin=False)
        async with self.whole.platform.unit() as unit:
            holder = Holder(HolderKind.API_KEY, key.id)
            await unit.bindings.create(holder, role=role, space=space, by=SYSTEM)
        reader = Provider(cast("Edge", self))
        issued = await reader.data(
            "SpaceliftProviderBuildClientFromAPIKeyParams", id=key.id, secret=secret
        )
        reader.headers = {"authorization": f"Bearer {issued['jwt']}"}
        return reader

    async def make(self, kind: str = "demo", **given: Any) -> dict[str, Any]:
        usual: dict[str, Any] = {"type": kind, "space": "root", "description": None}
        return dict(
            await self.provider.data("TerraformProviderCreate", **usual | given)
        )

    async def signing_key(self) -> str:
        added = await self.spacectl.data(
            "ProviderAddGpgKeyAddGPGKey",
            name="ours",
            asciiArmor=public_armor(secret_key()),
        )
        return str(added["id"])

    async def announce(self, release: Release, **given: Any) -> dict[str, Any]:
        wanted = {
            "number": release.number,
            "protocolVersions": ["5.0"],
            "shaSumsFileSHA": sha256(release.sums),
            "signatureFileSHA": sha256(release.signature),
        }
        return dict(
            await self.spacectl.data(
                "ProviderCreateVersionCreateVersion",
                provider=release.kind,
                input=wanted | given,
            )
        )

    async def register(self, version: str, system: tuple[str, str], body: bytes) -> str:
        """Return where the archive is to be put."""
        said = await self.spacectl.data(
            "ProviderCreateVersionRegisterPlatformV2",
            version=version,
            input=a_platform(system, body),
        )
        assert said["uploadHeaders"] == NO_HEADERS
        return str(said["uploadUrl"])

    async def put(self, url: str, body: bytes, **headers: str) -> httpx.Response:
        async with self.client() as client:
            return await client.put(url, content=body, headers=headers)

    async def draft(self, release: Release, key: str) -> str:
        """Announce a release and upload all of it; return the draft's id."""
        said = await self.announce(release, signingKeyId=key)
        version = str(said["version"]["id"])
        assert said["sha256SumsUploadHeaders"] == NO_HEADERS
        assert said["sha256SumsSigUploadHeaders"] == NO_HEADERS
        links = [
            (said["sha256SumsUploadURL"], release.sums),
            (said["sha256SumsSigUploadURL"], release.signature),
        ]
        for system, body in release.archives.items():
            links.append((await self.register(version, system, body), body))
        for url, body in links:
            assert (await self.put(url, body)).status_code == 201
        return version

    async def publish(self, release: Release) -> str:
        await self.make(release.kind)
        version = await self.draft(release, await self.signing_key())
        await self.spacectl.data(
            "ProviderPublishVersionPublishVersion", version=version
        )
        return version

    def stored(self) -> set[str]:
        return {key for _, key in self.whole.blobs.bodies}

    async def react(self) -> None:
        """Do what the drain does with the events about files."""
        async with self.whole.database.transaction() as session:
            found = await session.scalars(select(QueueMessage.body))
            bodies = [dict(one) for one in found]
        for body in bodies:
            if body.get("event") == ProviderFilesForgotten.__name__:
                facts = event_of(ProviderFilesForgotten, body["facts"])
                await delete_forgotten(self.whole.platform.tools, facts)

    async def get(self, path: str, who: Provider | None = None) -> httpx.Response:
        async with self.client() as client:
            return await client.get(path, headers=who.headers if who else {})


def a_platform(system: tuple[str, str], body: bytes) -> dict[str, str]:
    name, architecture = system
    return {
        "os": name,
        "architecture": architecture,
        "archiveChecksum": sha256(body),
        "binaryChecksum": "",
    }


@pytest.fixture(scope="module")
async def opened(
    postgres_port: int, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Whole]:
    """One server for all of these tests; what each does is undone after it."""
    with cloned(postgres_port, template) as url:
        async with whole(url, tmp_path_factory.mktemp("server")) as server:
            async with server.database.transaction() as session:
                await seed(session, at=server.clock())
                await seed_templates(session, at=server.clock())
            yield server


@pytest.fixture
async def shop(opened: Whole) -> AsyncIterator[Shop]:
    async with opened.database.rewound():
        yield await Shop(opened).open()


async def test_the_life_of_a_provider(shop: Shop) -> None:
    async with shop.whole.platform.unit() as unit:
        space = await unit.spaces.create(SpaceSpec("Team", parent=ROOT), by=SYSTEM)
    ask = shop.provider.data
    made = await shop.make("a1b2", space="root", description="d", labels=["b", "a"])
    assert made == {
        "id": "a1b2",
        "description": "d",
        "labels": ["b", "a"],
        "public": False,
        "space": "root",
    }
    assert await ask("TerraformProviderRead", id="a1b2") == made
    shown = await ask("TerraformProviderSetVisibility", id="a1b2", public=True)
    assert shown == made | {"public": True}

    # what is not said is unset, and who sees it is none of it
    updated = await ask("TerraformProviderUpdate", id="a1b2", space=space.id)
    assert updated == shown | {"space": space.id, "description": None, "labels": []}
    assert await ask("TerraformProviderRead", id="a1b2") == updated
    assert await ask("TerraformProviderDelete", id="a1b2") == updated
    assert await ask("TerraformProviderRead", id="a1b2") is None
    assert await ask("TerraformProviderDelete", id="a1b2") is None


async def test_a_type_is_one_providers_alone(shop: Shop) -> None:
    await shop.make()
    refuse = shop.provider.error
    again = await refuse("TerraformProviderCreate", type="demo", space="root")
    assert "of that type exists already" in again
    for wrong in ("Demo", "a/b", "", "-a", "a" * 65):
        said = await refuse("TerraformProviderCreate", type=wrong, space="root")
        assert "type: lower-case letters, digits" in said
    nowhere = await refuse("TerraformProviderCreate", type="x", space=NOWHERE)
    assert "no such space" in nowhere


async def test_a_space_with_a_provider_in_it_is_not_deleted(shop: Shop) -> None:
    async with shop.whole.platform.unit() as unit:
        space = await unit.spaces.create(SpaceSpec("Team", parent=ROOT), by=SYSTEM)
    await shop.make(space=space.id)
    said = await shop.provider.error("DeleteSpace", id=space.id)
    assert "1 Terraform provider" in said


async def test_the_life_of_a_gpg_key(shop: Shop) -> None:
    ask, secret = shop.spacectl.data, secret_key()
    now = int(shop.whole.clock().timestamp())
    # also of somebody who sends the private half
    added = await ask("ProviderAddGpgKeyAddGPGKey", name="k", asciiArmor=str(secret))
    assert added == {
        "id": added["id"],
        "createdAt": now,
        "createdBy": "ci",
        "description": "Ada <ada@example.com>",
        "name": "k",
        "revokedAt": None,
        "revokedBy": None,
        "updatedAt": now,
    }
    assert await ask("ProviderListGpgKeysListGPGKeys") == [added]
    again = await shop.spacectl.error(
        "ProviderAddGpgKeyAddGPGKey", name="k2", asciiArmor=public_armor(secret)
    )
    assert "was added already" in again
    revoked = await ask("ProviderRevokeGpgKeyRevokeGPGKey", id=added["id"])
    assert revoked == added | {"revokedAt": now, "revokedBy": "ci"}
    # revocable, not deletable
    assert await ask("ProviderRevokeGpgKeyRevokeGPGKey", id=added["id"]) == revoked
    assert await ask("ProviderListGpgKeysListGPGKeys") == [revoked]


async def test_no_private_key_is_kept_anywhere(shop: Shop) -> None:
    await shop.spacectl.data(
        "ProviderAddGpgKeyAddGPGKey", name="k", asciiArmor=str(secret_key())
    )
    trail = await shop.spacectl.data(
        "AudittrailListSearchAuditTrailEntries", input={"first": 50}
    )
    async with shop.whole.platform.unit() as unit:
        [kept] = await unit.gpg_keys.all(by=SYSTEM)
    assert "gpg_key.create" in json.dumps(trail)
    assert "PRIVATE" not in kept.ascii_armor + json.dumps(trail)


async def test_only_administrators_of_the_account_have_to_do_with_keys(
    shop: Shop,
) -> None:
    other = (await shop.reader_of(SpaceId("legacy"), "space-admin")).beside("spacectl")
    key = await shop.signing_key()
    armor = public_armor(secret_key("Eve"))
    for operation, given in (
        ("ProviderListGpgKeysListGPGKeys", {}),
        ("ProviderAddGpgKeyAddGPGKey", {"name": "x", "asciiArmor": armor}),
        ("ProviderRevokeGpgKeyRevokeGPGKey", {"id": key}),
    ):
        assert "unauthorized" in await other.error(operation, **given)


async def test_a_version_is_drafted_published_and_revoked(shop: Shop) -> None:
    await shop.make()
    key, ask = await shop.signing_key(), shop.spacectl.data
    draft = await shop.draft(Release("demo", "1.0.0"), key)
    changelog = "## 1.0.0\n\n* first\n"
    described = await ask(
        "ProviderCreateVersionCreateVersion__3", version=draft, description=changelog
    )
    assert described == {"id": draft}
    archive = documents({"index.md": b"# Demo"})
    documented = await ask(
        "ProviderUploadDocsUploadDocs", version=draft, archive=archive
    )
    now = int(shop.whole.clock().timestamp())
    assert documented == {
        "id": draft,
        "createdAt": now,
        "description": changelog,
        "number": "1.0.0",
        "platforms": [
            {"architecture": "arm64", "os": "darwin"},
            {"architecture": "amd64", "os": "linux"},
        ],
        "protocolVersions": ["5.0"],
        "status": "DRAFT",
        "updatedAt": now,
    }
    published = await ask("ProviderPublishVersionPublishVersion", version=draft)
    assert published == documented | {"status": "PUBLISHED"}
    listed = await ask("ProviderListVersionsListVersions", id="demo")
    assert listed == {"versions": [published]}
    revoked = await ask("ProviderRevokeVersionRevokeVersion", version=draft)
    assert revoked == documented | {"status": "REVOKED"}
    assert await ask("ProviderListVersionsListVersions", id="demo") == {
        "versions": [revoked]
    }
    taken = await shop.spacectl.error(
        "ProviderCreateVersionCreateVersion",
        provider="demo",
        input={
            "number": "1.0.0",
            "protocolVersions": ["5.0"],
            "shaSumsFileSHA": "0" * 64,
            "signatureFileSHA": "0" * 64,
            "signingKeyId": key,
        },
    )
    assert "has a version 1.0.0 already" in taken  # for good
    kept = shop.whole.blobs.bodies[
        Bucket.MODULES, f"providers/{draft}/{sha256(base64.b64decode(archive))}"
    ]
    assert kept == base64.b64decode(archive)


async def test_an_older_spacectl_publishes_as_well(shop: Shop) -> None:
    """It asks for no headers, and sends some that nobody asked it for."""
    await shop.make()
    release, ask = Release("demo", archives={LINUX: b"x"}), shop.spacectl.data
    said = await ask(
        "ProviderCreateVersionCreateVersion__2",
        provider="demo",
        input={
            "number": "1.0.0",
            "protocolVersions": ["5.0"],
            "shaSumsFileSHA": sha256(release.sums),
            "signatureFileSHA": sha256(release.signature),
            "signingKeyId": await shop.signing_key(),
        },
    )
    version = said["version"]["id"]
    url = await ask(
        "ProviderCreateVersionRegisterPlatform",
        version=version,
        input=a_platform(LINUX, b"x"),
    )
    headers = {
        "x-amz-meta-binary-os": "linux",
        "x-amz-meta-binary-architecture": "amd64",
        "x-amz-meta-binary-checksum": sha256(b"binary"),
    }
    for where, body in (
        (said["sha256SumsUploadURL"], release.sums),
        (said["sha256SumsSigUploadURL"], release.signature),
        (url, b"x"),
    ):
        assert (await shop.put(where, body, **headers)).is_success
    published = await ask("ProviderPublishVersionPublishVersion", version=version)
    assert published["status"] == "PUBLISHED"


async def test_only_a_draft_is_deleted_and_its_number_is_free_again(
    shop: Shop,
) -> None:
    await shop.make()
    key, ask = await shop.signing_key(), shop.spacectl.data
    release = Release("demo", "1.0.0")
    draft = await shop.draft(release, key)
    again = await shop.spacectl.answer(
        "ProviderCreateVersionCreateVersion",
        provider="demo",
        input={
            "number": "1.0.0",
            "protocolVersions": [],
            "shaSumsFileSHA": "0" * 64,
            "signatureFileSHA": "0" * 64,
            "signingKeyId": key,
        },
    )
    assert "has a version 1.0.0 already" in again["errors"][0]["message"]
    deleted = await ask("ProviderDeleteVersionDeleteVersion", version=draft)
    assert (deleted["id"], deleted["status"]) == (draft, "DRAFT")
    assert await ask("ProviderDeleteVersionDeleteVersion", version=draft) is None

    second = await shop.draft(release, key)
    await ask("ProviderPublishVersionPublishVersion", version=second)
    for _ in range(2):  # published, and then revoked
        said = await shop.spacectl.error(
            "ProviderDeleteVersionDeleteVersion", version=second
        )
        assert "only DRAFT can be deleted" in said
        await shop.spacectl.answer("ProviderRevokeVersionRevokeVersion", version=second)


async def test_what_was_uploaded_for_a_draft_goes_with_it(shop: Shop) -> None:
    await shop.make()
    release = Release("demo")
    draft = await shop.draft(release, await shop.signing_key())
    files = {file_key(ProviderVersionId(draft), sha256(one)) for one in release.files()}
    assert files <= shop.stored()
    url = await shop.register(draft, LINUX, b"another one")
    assert (await shop.put(url, b"another one")).is_success
    await shop.react()
    assert files - shop.stored() == {
        file_key(ProviderVersionId(draft), sha256(release.archives[LINUX]))
    }
    await shop.spacectl.data("ProviderDeleteVersionDeleteVersion", version=draft)
    await shop.react()
    assert not [key for key in shop.stored() if draft in key]


async def test_what_is_named_again_is_not_deleted_after_all(shop: Shop) -> None:
    await shop.make()
    release = Release("demo", archives={LINUX: b"x"})
    draft = await shop.draft(release, await shop.signing_key())
    for body in (b"y", b"x"):
        await shop.register(draft, LINUX, body)
    await shop.react()
    assert file_key(ProviderVersionId(draft), sha256(b"x")) in shop.stored()


async def test_a_provider_with_published_versions_is_not_deleted(shop: Shop) -> None:
    version = await shop.publish(Release("demo"))
    said = await shop.provider.error("TerraformProviderDelete", id="demo")
    assert "has published versions, which may be in use: 1.0.0" in said
    await shop.spacectl.data("ProviderRevokeVersionRevokeVersion", version=version)
    gone = await shop.provider.data("TerraformProviderDelete", id="demo")
    assert gone["id"] == "demo"


async def test_a_version_that_is_published_meanwhile_keeps_its_provider(
    database: Database,
) -> None:
    registry = Registry(database)
    await registry.prepare()
    demo = ProviderId("demo")
    async with registry.unit() as unit:
        owner = PublicKey("F" * 40, "armor", None, None)
        key = GpgKey.create("ours", owner, by=SYSTEM, at=unit.clock())
        unit.session.add(key)
        await unit.terraform_providers.create(demo, ProviderSpec(ROOT), by=SYSTEM)
        wanted = ProviderVersionSpec("1.0.0", (), "0" * 64, "1" * 64, key.id)
        await unit.provider_versions.create(demo, wanted, by=SYSTEM)

    async def delete() -> None:
        async with registry.unit() as unit:
            await unit.terraform_providers.delete(demo, by=SYSTEM)

    async with database.transaction() as session:
        published = "UPDATE terraform_provider_versions SET status = 'PUBLISHED'"
        await session.execute(text(published))
        deletion = asyncio.create_task(delete())
        while await registry.sql(WAITING) != [(1,)]:
            assert not deletion.done()
    with pytest.raises(ProviderInUseError):
        await deletion


async def test_a_revoked_key_signs_nothing_new_and_what_it_signed_stays(
    shop: Shop,
) -> None:
    await shop.publish(Release("demo", "1.0.0"))
    [key] = await shop.spacectl.data("ProviderListGpgKeysListGPGKeys")
    draft = await shop.draft(Release("demo", "1.1.0"), key["id"])
    await shop.spacectl.data("ProviderRevokeGpgKeyRevokeGPGKey", id=key["id"])

    refused = await shop.spacectl.error(
        "ProviderPublishVersionPublishVersion", version=draft
    )
    assert 'the GPG key "ours" was revoked' in refused
    served = await shop.get(f"{REGISTRY}/demo/versions", shop.provider)
    assert [one["version"] for one in served.json()["versions"]] == ["1.0.0"]
    again = await shop.spacectl.error(
        "ProviderCreateVersionCreateVersion",
        provider="demo",
        input={
            "number": "1.2.0",
            "protocolVersions": [],
            "shaSumsFileSHA": "0" * 64,
            "signatureFileSHA": "0" * 64,
            "signingKeyId": key["id"],
        },
    )
    assert "signs nothing new" in again


async def test_what_is_not_whole_or_not_signed_is_not_published(shop: Shop) -> None:
    await shop.make()
    key, forged = await shop.signing_key(), Release("demo", key=secret_key("Eve"))
    draft = await shop.draft(forged, key)
    await shop.register(draft, ("windows", "amd64"), b"never sent")
    said = await shop.spacectl.error(
        "ProviderPublishVersionPublishVersion", version=draft
    )
    assert said == (
        'SHA256SUMS is not signed by the GPG key "ours"; '
        "terraform-provider-demo_1.0.0_windows_amd64.zip was not uploaded; "
        "SHA256SUMS does not have the checksum of"
        " terraform-provider-demo_1.0.0_windows_amd64.zip"
    )
    versions = await shop.spacectl.data("ProviderListVersionsListVersions", id="demo")
    assert [one["status"] for one in versions["versions"]] == ["DRAFT"]


async def test_only_what_was_announced_is_taken(shop: Shop) -> None:
    await shop.make()
    release = Release("demo")
    draft = await shop.draft(release, await shop.signing_key())
    url = await shop.register(draft, LINUX, b"another one")
    differs = await shop.put(url, b"something else")
    assert (differs.status_code, differs.json()["message"]) == (
        400,
        "What was uploaded does not have the checksum that was announced.",
    )
    key = (Bucket.MODULES, f"providers/{draft}/{sha256(b'another one')}")
    assert key not in shop.whole.blobs.bodies
    assert (await shop.put(url, b"another one")).status_code == 201
    assert (await shop.put(f"{url}x", b"another one")).status_code == 404

    await shop.spacectl.data("ProviderDeleteVersionDeleteVersion", version=draft)
    assert (await shop.put(url, b"another one")).status_code == 404
    shop.whole.clock.advance(3601)
    assert (await shop.put(url, b"another one")).status_code == 404


async def test_an_upload_is_not_longer_than_it_may_be(shop: Shop) -> None:
    await shop.make()
    draft = await shop.draft(Release("demo"), await shop.signing_key())
    before = shop.stored()
    url = await shop.register(draft, LINUX, b"another one")

    async def at_length() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"another one"

    files = replace(shop.whole.platform.provider_files, largest=1000)
    with pytest.raises(UploadTooLargeError):
        await files.receive(url.rpartition("/")[2], at_length())
    assert shop.stored() == before


async def test_terraform_finds_the_registry(shop: Shop) -> None:
    found = await shop.get("/.well-known/terraform.json")
    assert found.json()["providers.v1"] == "/registry/providers/v1/"


async def test_terraform_is_told_of_what_is_published_and_of_nothing_else(
    shop: Shop,
) -> None:
    release = Release("demo", "1.0.0")
    version = await shop.publish(release)
    [key] = await shop.spacectl.data("ProviderListGpgKeysListGPGKeys")
    await shop.draft(Release("demo", "1.1.0"), key["id"])

    served = await shop.get(f"{REGISTRY}/demo/versions", shop.provider)
    assert served.json() == {
        "versions": [
            {
                "version": "1.0.0",
                "protocols": ["5.0"],
                "platforms": [
                    {"os": "darwin", "arch": "arm64"},
                    {"os": "linux", "arch": "amd64"},
                ],
            }
        ]
    }
    path = f"{REGISTRY}/demo/1.0.0/download"
    package = (await shop.get(f"{path}/linux/amd64", shop.provider)).json()
    links = {name: package.pop(name) for name in list(package) if name.endswith("_url")}
    [signing_key] = package.pop("signing_keys")["gpg_public_keys"]
    assert package == {
        "protocols": ["5.0"],
        "os": "linux",
        "arch": "amd64",
        "filename": "terraform-provider-demo_1.0.0_linux_amd64.zip",
        "shasum": sha256(release.archives[LINUX]),
    }
    fingerprint = secret_key().extract_certificate().fingerprint
    assert signing_key == {
        "key_id": fingerprint[-16:].upper(),
        "ascii_armor": public_armor(secret_key()),
    }
    for name, body in (
        ("download_url", release.archives[LINUX]),
        ("shasums_url", release.sums),
        ("shasums_signature_url", release.signature),
    ):
        key_of = f"providers/{version}/{sha256(body)}"
        assert links[name].startswith(f"memory://MODULES/{key_of}?method=GET")
        assert shop.whole.blobs.bodies[Bucket.MODULES, key_of] == body

    for missing in (
        f"{path}/windows/amd64",
        f"{REGISTRY}/demo/1.1.0/download/linux/amd64",
        f"{REGISTRY}/other/versions",
        "/registry/providers/v1/another-account/demo/versions",
    ):
        assert (await shop.get(missing, shop.provider)).status_code == 404
    await shop.spacectl.data("ProviderRevokeVersionRevokeVersion", version=version)
    gone = await shop.get(f"{path}/linux/amd64", shop.provider)
    assert gone.status_code == 404


async def test_a_provider_is_loaded_by_its_readers_and_a_public_one_by_all(
    shop: Shop,
) -> None:
    async with shop.whole.platform.unit() as unit:
        space = await unit.spaces.create(SpaceSpec("Team", parent=ROOT), by=SYSTEM)
    await shop.publish(Release("demo"))
    where = {"id": "demo", "space": space.id}
    await shop.provider.data("TerraformProviderUpdate", **where)
    path = f"{REGISTRY}/demo/1.0.0/download/linux/amd64"
    reader = await shop.reader_of(space.id)
    stranger = await shop.reader_of(SpaceId("legacy"))
    terraform = Provider(cast("Edge", shop))
    terraform.headers = {"authorization": f"Bearer {await shop.registry_token()}"}

    async def statuses() -> list[int]:
        asking = (None, stranger, reader, terraform)
        return [(await shop.get(path, who)).status_code for who in asking]

    assert await statuses() == [401, 404, 200, 200]
    await shop.provider.data("TerraformProviderSetVisibility", id="demo", public=True)
    assert await statuses() == [200, 200, 200, 200]


async def test_a_run_loads_what_its_space_reaches_whatever_its_roles(
    shop: Shop,
) -> None:
    async with shop.whole.platform.unit() as unit:
        team = await unit.spaces.create(SpaceSpec("Team", parent=ROOT), by=SYSTEM)
        for name, inherits in (("Below", True), ("Beside", False)):
            spec = SpaceSpec(name, parent=team.id, inherits=inherits)
            space = await unit.spaces.create(spec, by=SYSTEM)
            await unit.stacks.create(a_spec(name=name, space_id=space.id), by=SYSTEM)
    await shop.publish(Release("demo"))
    await shop.provider.data("TerraformProviderUpdate", id="demo", space=team.id)

    async def offered(stack: str) -> list[str]:
        by = Subject(SubjectKind.RUN, f"{stack}/1", "run", stack_id=StackId(stack))
        async with shop.whole.platform.unit() as unit:
            found = await unit.provider_downloads.available(ProviderId("demo"), by=by)
        return [version.number for version, _ in found]

    assert await offered("below") == ["1.0.0"]
    with pytest.raises(ProviderNotFoundError):
        await offered("beside")


async def test_each_change_is_in_the_audit_trail(shop: Shop) -> None:
    version = await shop.publish(Release("demo"))
    await shop.spacectl.data("ProviderRevokeVersionRevokeVersion", version=version)
    await shop.provider.data("TerraformProviderDelete", id="demo")
    trail = await shop.spacectl.data(
        "AudittrailListSearchAuditTrailEntries", input={"first": 50}
    )
    noted = {edge["node"]["action"] for edge in trail["edges"]}
    assert noted >= {
        "gpg_key.create",
        "terraform_provider.create",
        "terraform_provider.delete",
        "terraform_provider_version.create",
        "terraform_provider_version.publish",
        "terraform_provider_version.register_platform",
        "terraform_provider_version.revoke",
    }


def an_archive(kind: str, number: str) -> bytes:
    """Return what `terraform init` unpacks, and does not start."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"terraform-provider-{kind}_v{number}", "#!/bin/sh\n")
    return packed.getvalue()


async def test_terraform_itself_loads_a_provider(shop: Shop, tmp_path: Path) -> None:
    tls = OwnTls.make(tmp_path)
    terraform = Machine(tmp_path, tls)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    system = (sys.platform, machine)
    release = Release("demo", archives={system: an_archive("demo", "1.0.0")})
    await shop.publish(release)
    async with listening(shop.whole, tls) as host:
        token = await shop.registry_token()
        terraform.settings(f'credentials "{host}" {{ token = "{token}" }}\n')
        (terraform.code / "main.tf").write_text(
            "terraform {\n  required_providers {\n"
            f'    demo = {{ source = "{host}/acme/demo", version = "1.0.0" }}\n'
            "  }\n}\n"
        )
        said = await terraform.run("init")
    assert f"Installed {host}/acme/demo v1.0.0 (self-signed" in said, said
