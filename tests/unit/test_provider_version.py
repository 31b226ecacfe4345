"""What may be announced, when a draft may be published, what documents may hold."""

import base64
import gzip
import io
import tarfile
from datetime import UTC, datetime

import pytest
from tests.support.release import (
    LINUX,
    MAC,
    Release,
    documents,
    public_armor,
    secret_key,
    sha256,
)

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import GpgKeyId, ProviderId
from stackyard.registry.providers import (
    GpgKey,
    GpgKeyProblemsError,
    PlatformSpec,
    ProviderPlatform,
    ProviderVersion,
    ProviderVersionSpec,
    Uploaded,
    VersionProblemsError,
    VersionStatusError,
    read_documents,
)
from stackyard.registry.providers.model.publication import (
    publication_problems,
    read_sums,
)
from stackyard.registry.providers.openpgp import read_public_key

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SHA = "0" * 64
KEY = GpgKeyId("key")


def spec(
    number: str = "1.0.0", *protocols: str, sums: str = SHA
) -> ProviderVersionSpec:
    return ProviderVersionSpec(number, protocols, sums, SHA, KEY)


def a_draft(given: ProviderVersionSpec | None = None) -> ProviderVersion:
    return ProviderVersion.create(ProviderId("demo"), given or spec(), at=NOW)


def a_key(armor: str | None = None) -> GpgKey:
    read = read_public_key(armor or public_armor(secret_key()))
    return GpgKey.create("ours", read, by=SYSTEM, at=NOW)


@pytest.mark.parametrize("number", ["0.0.0", "1.2.3", "10.20.30-beta.1", "1.0.0-0a"])
def test_a_number_is_a_semantic_version(number: str) -> None:
    assert a_draft(spec(number)).number == number


@pytest.mark.parametrize(
    "number", ["", "1", "1.0", "v1.0.0", "01.0.0", "1.0.0+build", "1.0.0-", "1.0.0\n"]
)
def test_what_is_no_semantic_version_is_refused(number: str) -> None:
    with pytest.raises(VersionProblemsError, match="without build metadata"):
        a_draft(spec(number))


def test_without_protocols_it_is_the_usual_one() -> None:
    assert a_draft(spec()).protocols == ["5.0"]
    assert a_draft(spec("1.0.0", "6.0", "5.1")).protocols == ["6.0", "5.1"]
    with pytest.raises(VersionProblemsError, match="protocolVersions"):
        a_draft(spec("1.0.0", "five"))


def test_a_checksum_is_lower_case_hexadecimal() -> None:
    with pytest.raises(VersionProblemsError, match="shaSumsFileSHA"):
        a_draft(spec(sums="A" * 64))
    with pytest.raises(VersionProblemsError, match=r"os: .*; archiveChecksum: "):
        a_draft().register(PlatformSpec("Linux/", "amd64", "", ""))


def test_a_version_is_a_draft_then_published_then_revoked() -> None:
    version = a_draft()
    with pytest.raises(VersionStatusError, match="is DRAFT: only PUBLISHED"):
        version.revoke(at=NOW)
    version.publish(at=NOW)
    with pytest.raises(VersionStatusError, match="is PUBLISHED: only DRAFT"):
        version.publish(at=NOW)
    with pytest.raises(VersionStatusError, match="given a platform"):
        version.register(PlatformSpec(*LINUX, SHA, ""))
    version.revoke(at=NOW)
    for again in (version.publish, version.revoke):
        with pytest.raises(VersionStatusError, match="is REVOKED"):
            again(at=NOW)
    with pytest.raises(VersionStatusError, match="documented"):
        version.document(SHA, at=NOW)


def problems(
    release: Release, uploaded: Uploaded | None = None, key: GpgKey | None = None
) -> list[str]:
    version = a_draft(release.version(KEY))
    platforms: list[ProviderPlatform] = [
        version.register(one) for one in release.platforms()
    ]
    return publication_problems(
        version, platforms, key or a_key(), uploaded or everything(release)
    )


def everything(release: Release) -> Uploaded:
    archives = frozenset(map(sha256, release.archives.values()))
    return Uploaded(release.sums, release.signature, archives)


def test_what_is_whole_and_signed_may_be_published() -> None:
    assert problems(Release("demo")) == []


def test_all_that_is_missing_is_said_at_once() -> None:
    assert problems(Release("demo"), Uploaded(None, None, frozenset())) == [
        "the file SHA256SUMS was not uploaded",
        "the signature of SHA256SUMS was not uploaded",
        "terraform-provider-demo_1.0.0_linux_amd64.zip was not uploaded",
        "terraform-provider-demo_1.0.0_darwin_arm64.zip was not uploaded",
    ]
    assert problems(Release("demo", archives={})) == ["no platform was registered"]


def test_what_another_key_has_signed_is_not_published() -> None:
    release = Release("demo", key=secret_key("Eve"))
    assert problems(release) == ['SHA256SUMS is not signed by the GPG key "ours"']


def test_an_armored_signature_is_of_no_use_to_terraform() -> None:
    release = Release("demo")
    armored = Uploaded(
        release.sums,
        b"-----BEGIN PGP SIGNATURE-----",
        everything(release).archives,
    )
    [said] = problems(release, armored)
    assert "Terraform wants it binary" in said


def test_a_key_that_was_revoked_signs_nothing_new() -> None:
    key = a_key()
    assert key.revoke(by=SYSTEM, at=NOW)
    assert not key.revoke(by=SYSTEM, at=NOW)
    assert problems(Release("demo"), key=key) == ['the GPG key "ours" was revoked']


def test_each_archive_is_among_the_signed_checksums() -> None:
    signed, sent = Release("demo"), Release("demo")
    sent.archives = signed.archives | {MAC: b"something else"}
    uploaded = Uploaded(
        signed.sums, signed.signature, frozenset(map(sha256, sent.archives.values()))
    )
    [said] = problems(sent, uploaded)
    assert said == f"SHA256SUMS does not have the checksum of {sent.file_name(MAC)}"


def test_checksums_are_read_as_sha256sum_writes_them() -> None:
    body = b"AB  one.zip\ncd *two three.zip\r\n\nnonsense\n\xff\n"
    assert read_sums(body) == {"one.zip": "ab", "two three.zip": "cd"}


def test_of_a_private_key_only_the_public_half_is_kept() -> None:
    secret = secret_key()
    key = a_key(str(secret))
    assert "PRIVATE" in str(secret)
    assert "PRIVATE" not in key.ascii_armor
    assert key.ascii_armor == public_armor(secret)
    assert key.description == "Ada <ada@example.com>"
    assert key.key_id == key.fingerprint[-16:]


@pytest.mark.parametrize("armor", ["x", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"])
def test_what_is_no_key_is_refused(armor: str) -> None:
    with pytest.raises(GpgKeyProblemsError, match="one ASCII-armored OpenPGP key"):
        a_key(armor)


def test_two_keys_are_not_one() -> None:
    both = public_armor(secret_key()) + public_armor(secret_key("Eve"))
    with pytest.raises(GpgKeyProblemsError, match="one ASCII-armored OpenPGP key"):
        a_key(both)


def packed(*members: tarfile.TarInfo) -> str:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return base64.b64encode(body.getvalue()).decode()


def a_link() -> tarfile.TarInfo:
    link = tarfile.TarInfo("index.md")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return link


def test_documents_are_kept_as_they_were_sent() -> None:
    text = documents({"./index.md": b"# Ours", "resources/one.md": b"x"})
    assert read_documents(text) == base64.b64decode(text)


@pytest.mark.parametrize(
    ("archive", "problem"),
    [
        ("!", "must be base64"),
        ("", "must be a gzipped tar archive"),
        (base64.b64encode(b"x" * 1000).decode(), "must be a gzipped tar archive"),
        (packed(tarfile.TarInfo("../x")), "no clean path"),
        (packed(tarfile.TarInfo("/x")), "no clean path"),
        (packed(a_link()), "is no file"),
        (
            base64.b64encode(gzip.compress(bytes(33 * 1024 * 1024))).decode(),
            "bytes unpacked",
        ),
    ],
)
def test_documents_that_would_harm_are_refused(archive: str, problem: str) -> None:
    with pytest.raises(VersionProblemsError, match=problem):
        read_documents(archive)
