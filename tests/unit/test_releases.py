"""What is read off the list of released versions."""

from importlib.resources import files

import pytest

from stackyard.stacks.model.releases import _LINE, ReleasedTool, released, releases


def test_every_line_is_understood() -> None:
    text = files("stackyard.stacks").joinpath("releases.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]

    for line in lines:
        found = _LINE.fullmatch(line)
        assert found, line
        ReleasedTool(found["tool"])


@pytest.mark.parametrize("tool", ReleasedTool)
def test_versions_are_told_once_and_the_newest_first(tool: ReleasedTool) -> None:
    listed = releases(tool)
    assert list(listed) == sorted(set(listed), reverse=True)
    assert listed


def test_patches_that_never_were_are_left_out() -> None:
    terragrunt = set(released(ReleasedTool.TERRAGRUNT))
    assert {"0.69.3", "0.69.5", "0.65.0", "0.77.22"} <= terragrunt
    assert not {"0.69.4", "0.69.14", "0.65.1"} & terragrunt
