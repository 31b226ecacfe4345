"""Archives of others: what is unpacked, and what is refused by name."""

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest
from tests.support.legs import members, tarball

from stackyard_protocol.sealed_file import new_key, seal_file
from stackyard_worker.archive import Bounds, Unpacker, pack
from stackyard_worker.errors import ArchiveError

ROOMY = Bounds(1000, 1_000_000)
KEY = new_key()


def unpack(
    content: bytes,
    root: Path,
    bounds: Bounds = ROOMY,
    *,
    trusted: bool = False,
    in_folder: bool = False,
) -> None:
    root.mkdir(exist_ok=True)
    unpacker = Unpacker(root, bounds, trusted_links=trusted, in_folder=in_folder)
    unpacker.unpack(io.BytesIO(content))


@pytest.mark.parametrize("key", [KEY, None], ids=["with the key", "without it"])
def test_an_encrypted_file_is_opened_for_who_has_the_key(
    tmp_path: Path, key: bytes | None
) -> None:
    sealed = seal_file(KEY, b"canary")
    unpacker = Unpacker(tmp_path, ROOMY, file_key=key)
    unpacker.unpack(io.BytesIO(tarball({"secret": sealed, "plain": b"plain"})))

    assert (tmp_path / "plain").read_bytes() == b"plain"
    assert (tmp_path / "secret").read_bytes() == (b"canary" if key else sealed)
    assert unpacker.opened == ([b"canary"] if key else [])


def test_an_encrypted_file_of_another_key_is_refused_by_name(tmp_path: Path) -> None:
    unpacker = Unpacker(tmp_path, ROOMY, file_key=new_key())
    with pytest.raises(ArchiveError, match="'secret' can't be opened"):
        unpacker.unpack(io.BytesIO(tarball({"secret": seal_file(KEY, b"canary")})))


def member(
    name: str, kind: bytes = tarfile.REGTYPE, target: str = ""
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def link(name: str, target: str) -> tarfile.TarInfo:
    return member(name, tarfile.SYMTYPE, target)


def hard(name: str, target: str) -> tarfile.TarInfo:
    return member(name, tarfile.LNKTYPE, target)


def test_files_folders_and_inner_links_arrive_with_their_permissions(
    tmp_path: Path,
) -> None:
    script = member("./bin/run")
    script.mode, script.size = 0o4755, 3
    archive = members(
        member("empty", tarfile.DIRTYPE),
        script,
        link("bin/same", "run"),
        link("lib/deep/up", "../../bin"),
        hard("copy", "bin/run"),
    )
    unpack(archive, tmp_path)
    assert (tmp_path / "empty").is_dir()
    assert (tmp_path / "bin/run").read_text() == "xxx"
    assert (tmp_path / "bin/run").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "lib/deep/up/same").read_text() == "xxx"
    assert (tmp_path / "copy").samefile(tmp_path / "bin/run")


def test_the_one_folder_that_everything_lies_in_is_taken_off(tmp_path: Path) -> None:
    file = member("top/a/b")
    file.size = 1
    archive = members(
        member("top", tarfile.DIRTYPE),
        member("./top/empty", tarfile.DIRTYPE),
        file,
        link("top/a/c", "../a/b"),
        hard("top/d", "top/a/b"),
    )
    unpack(archive, tmp_path, in_folder=True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a", "d", "empty"]
    assert (tmp_path / "a/c").read_text() == "x"
    assert (tmp_path / "d").samefile(tmp_path / "a/b")


@pytest.mark.parametrize(
    "infos",
    [
        [member("file")],
        [member("top/a"), member("other/a")],
        [member("top/a"), hard("top/b", "a")],
        [member("top", tarfile.DIRTYPE), member("other", tarfile.DIRTYPE)],
        [member("top/a"), link("top/b", "../a")],
        [member("top/../a")],
    ],
)
def test_what_is_not_in_that_folder_is_refused(
    tmp_path: Path, infos: list[tarfile.TarInfo]
) -> None:
    with pytest.raises(ArchiveError, match=r"one folder|leaves its folder"):
        unpack(members(*infos), tmp_path, in_folder=True)


ESCAPES = {
    "absolute": [member("/escaped")],
    "climbing": [member("../escaped")],
    "climbing in the middle": [member("a/../../escaped")],
    "absolute link": [link("a", "/etc")],
    "climbing link": [link("a", "..")],
    "link with a detour": [link("a/b", "../x/../../..")],
    "through a link": [link("a", "."), member("a/escaped")],
    "link through a link": [
        link("x/y/z/up", "../../.."),
        link("out", "x/y/z/up/../.."),
    ],
    "hard link out": [hard("a", "/etc/passwd")],
    "climbing hard link": [hard("a", "../etc/passwd")],
    "hard link to a link": [link("a", "b"), hard("c", "a")],
    "hard link to nothing": [hard("a", "none")],
    "folder over a link": [link("a", "."), member("a", tarfile.DIRTYPE)],
    "file over a folder": [member("a", tarfile.DIRTYPE), member("a")],
}
KINDS = {
    "device": member("a", tarfile.BLKTYPE),
    "character device": member("a", tarfile.CHRTYPE),
    "fifo": member("a", tarfile.FIFOTYPE),
}


@pytest.mark.parametrize("name", ESCAPES)
def test_an_archive_that_tries_to_leave_its_folder_is_refused(
    tmp_path: Path, name: str
) -> None:
    root = tmp_path / "deep/er/root"
    root.mkdir(parents=True)
    with pytest.raises(ArchiveError, match="leaves its folder"):
        unpack(members(*ESCAPES[name]), root)
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("name", KINDS)
def test_what_is_neither_file_nor_folder_nor_link_is_refused(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(ArchiveError, match="member 'a' is neither"):
        unpack(members(KINDS[name]), tmp_path)


def test_a_file_in_the_place_of_a_link_does_not_write_through_it(
    tmp_path: Path,
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("whole")
    root = tmp_path / "root"
    replacing = member("a")
    replacing.size = 2
    unpack(members(link("a", "/" + str(victim)), replacing), root, trusted=True)
    assert victim.read_text() == "whole"
    assert (root / "a").read_text() == "xx"
    assert not (root / "a").is_symlink()


def test_nothing_is_written_through_a_link_of_a_saved_workspace(tmp_path: Path) -> None:
    archive = members(link("a", str(tmp_path)), member("a/escaped"))
    with pytest.raises(ArchiveError, match="'a/escaped' leaves its folder"):
        unpack(archive, tmp_path / "root", trusted=True)


def test_members_and_bytes_are_counted(tmp_path: Path) -> None:
    many = tarball({f"f{number}": "" for number in range(11)})
    with pytest.raises(ArchiveError, match="more than 10 members"):
        unpack(many, tmp_path / "a", Bounds(10, 1000))
    big = tarball({"small": "x" * 900, "big": "x" * 101})
    with pytest.raises(ArchiveError, match=r"more than 1000 bytes: member 'big'"):
        unpack(big, tmp_path / "b", Bounds(10, 1000))


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    info = member("x", tarfile.XHDTYPE)
    info.size = 2**33
    content = gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 4096)
    with pytest.raises(ArchiveError, match="far too long"):
        unpack(content, tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", tarball({"a": "x" * 5000})[:-40]],
    ids=["empty", "text", "cut off"],
)
def test_what_is_no_whole_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ArchiveError, match="can't be unpacked"):
        unpack(content, tmp_path)


def test_a_packed_folder_comes_back_as_it_was(tmp_path: Path) -> None:
    root = tmp_path / "a"
    source = root / "workspace"
    (source / "deep/est").mkdir(parents=True)
    (source / "run").write_bytes(b"\0\xff")
    (source / "run").chmod(0o750)
    (source / "deep/absolute").symlink_to("/usr/lib")
    (source / "deep/dangling").symlink_to("../../nowhere")
    os.link(source / "run", source / "deep/hard")
    (source / os.fsdecode(b"odd-\xff-name")).write_text("odd")
    (source / ("long-" * 40)).write_text("long")
    os.mkfifo(source / "fifo")
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb") as sink:
        pack(root, ["workspace"], sink)
    unpack(buffer.getvalue(), tmp_path / "b", trusted=True)
    back = tmp_path / "b/workspace"
    assert (back / "run").read_bytes() == b"\0\xff"
    assert (back / "run").stat().st_mode & 0o777 == 0o750
    assert (back / "run").stat().st_mtime_ns // 10**9 == (
        (source / "run").stat().st_mtime_ns // 10**9
    )
    assert (back / "deep/absolute").readlink() == Path("/usr/lib")
    assert (back / "deep/dangling").readlink() == Path("../../nowhere")
    assert (back / "deep/hard").samefile(back / "run")
    assert (back / "deep/est").is_dir()
    names = {path.name for path in source.iterdir()}
    assert {path.name for path in back.iterdir()} == names - {"fifo"}


def test_a_path_that_is_too_long_for_the_system_is_refused_by_name(
    tmp_path: Path,
) -> None:
    long = "d" * 250
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir(long, dir_fd=here)
        below = os.open(long, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    sink = gzip.GzipFile(fileobj=io.BytesIO(), mode="wb")
    with sink, pytest.raises(ArchiveError, match="can't be archived"):
        pack(tmp_path, [long], sink)
