import base64

import pytest
from tests.support.fakes import Clock
from tests.support.hosting import GARDEN

from stackyard.kernel.ids import RepoId
from stackyard.vcs import (
    FileAction,
    FileChange,
    NewRevision,
    RefChange,
    RefClashError,
    Repository,
    RepositoryNameError,
    RepositorySettings,
    RevisionError,
    StaleRefsError,
)

A, B = "a" * 40, "b" * 40
NOON = Clock().now


@pytest.mark.parametrize(
    "path",
    [
        "",
        "../x",
        "a/../../x",
        "/etc/passwd",
        "a//b",
        "a/",
        "./a",
        ".git/config",
        "a/.git/hooks/pre-commit",
        ".GIT/config",
        ".git",
        ".git./config",
        ".git /config",
        "git~1/config",
        ".g\u200cit/config",
        ".git::$INDEX_ALLOCATION/config",
        "a\\b",
        "..\\x",
        "a\nb",
        "a\0b",
        "x" * 300,
        "/".join(["deep"] * 400),
    ],
)
def test_a_path_that_could_lead_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(RevisionError):
        FileChange(path=path, content=b"")


@pytest.mark.parametrize(
    "path", ["main.tf", ".gitignore", "a b/ü.tf", "..a", 'quo"te', "-rf", ":(top)x"]
)
def test_an_odd_but_plain_path_is_fine(path: str) -> None:
    assert FileChange(path=path, content=b"").path == path


@pytest.mark.parametrize(
    "given",
    [
        {"content": "no base64!"},
        {"content": "YQ==", "file_mode": "0777"},
        {"content": None, "action": FileAction.CREATE},
    ],
)
def test_a_file_that_makes_no_sense_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(RevisionError):
        FileChange.parse(path="a", **given)  # type: ignore[arg-type]


def test_both_spellings_of_a_mode_are_the_same() -> None:
    content = base64.b64encode(b"x").decode()
    short = FileChange.parse(path="a", content=content, file_mode="755")
    long = FileChange.parse(path="a", content=content, file_mode="0755")

    assert short == long
    assert long.mode == "0755"


@pytest.mark.parametrize(
    "given",
    [
        {"message": " "},
        {"author_name": ""},
        {"author_name": "Eve <x"},
        {"author_name": "Eve\ncommitter"},
        {"author_email": "x>\nfrom"},
        {"files": []},
        {"files": [FileChange(path="a", content=b"")] * 2},
    ],
)
def test_a_revision_that_makes_no_sense_is_refused(given: dict[str, object]) -> None:
    usual: dict[str, object] = {
        "repo_id": RepoId("garden"),
        "message": "m",
        "author_name": "Ada",
        "files": [FileChange(path="a", content=b"")],
    }
    with pytest.raises(RevisionError):
        NewRevision(**(usual | given))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "!!!", "x" * 101])
def test_a_name_must_make_an_id(name: str) -> None:
    with pytest.raises(RepositoryNameError):
        RepositorySettings(name=name)


def test_a_push_moves_all_its_branches_or_none() -> None:
    repository = _repository()
    changes = (RefChange("refs/heads/a", A, B), RefChange("refs/heads/b", A, B))

    with pytest.raises(StaleRefsError):
        repository.move({"refs/heads/a": A, "refs/heads/b": B}, changes, at=NOON)

    assert repository.version == 0


def test_a_branch_cannot_become_the_folder_of_another() -> None:
    change = RefChange("refs/heads/a/b", None, B)

    with pytest.raises(RefClashError):
        _repository().move({"refs/heads/a": A}, (change,), at=NOON)


def test_a_branch_may_take_the_place_of_a_folder_that_goes() -> None:
    repository = _repository()
    changes = (
        RefChange("refs/heads/a/b", A, None),
        RefChange("refs/heads/a", None, B),
    )

    repository.move({"refs/heads/a/b": A}, changes, at=NOON)

    assert repository.version == 1


def _repository() -> Repository:
    settings = RepositorySettings(name="Garden")
    return Repository.create(settings, space=GARDEN, at=NOON)
