"""The folders of a leg."""

import os
from pathlib import Path

from stackyard_worker.room import Room, remove, started_at


async def test_a_leg_s_folder_can_be_removed_whatever_is_in_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folder = tmp_path / "leg"
    folder.mkdir()
    room = Room.make(folder)
    (room.workspace / "link").symlink_to(outside)
    (room.workspace / "closed").mkdir(mode=0o500)
    here = os.open(room.workspace, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("deep", dir_fd=here)
        below = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    await remove(folder)
    assert not folder.exists()
    assert (outside / "kept").exists()


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    ours = started_at(os.getpid())
    assert ours is not None
    assert ours.isdecimal()
    assert ours == started_at(os.getpid())
    assert started_at(2**22 + 1) is None
