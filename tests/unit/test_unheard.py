"""A push that nobody has acted on is told again, and an old one is not acted on."""

from datetime import UTC, datetime, timedelta

from stackyard.kernel.ids import RepoId
from stackyard.vcs import PATIENCE, RefUpdated, UnheardUpdate
from stackyard.vcs.model import is_overtaken
from stackyard.vcs.model.unheard import MOST_TOLD

NOW = datetime(2030, 1, 1, tzinfo=UTC)
REF = "refs/heads/main"


def an_update() -> UnheardUpdate:
    return UnheardUpdate(
        repo_id=RepoId("garden"),
        ref=REF,
        version=3,
        before="a",
        after="b",
        pusher="ada",
        moved_at=NOW,
        told=1,
        due_at=NOW + PATIENCE,
    )


def test_what_is_told_again_is_the_same_fact() -> None:
    again = an_update().tell_again(at=NOW + timedelta(hours=1))

    assert again == RefUpdated(
        repo_id=RepoId("garden"),
        ref=REF,
        before="a",
        after="b",
        pusher="ada",
        version=3,
        at=NOW,
    )


def test_it_is_told_less_and_less_often_and_then_not_any_more() -> None:
    update, pauses = an_update(), []
    while update.due_at is not None:
        update.tell_again(at=NOW)
        pauses.append(update.due_at and update.due_at - NOW)

    assert pauses[:2] == [PATIENCE * 2, PATIENCE * 4]
    assert pauses[-1] is None
    assert update.told == MOST_TOLD


def test_an_update_is_overtaken_once_a_later_one_was_acted_on() -> None:
    assert not is_overtaken("b", head="b", waiting=False)  # told twice
    assert not is_overtaken("b", head="c", waiting=True)  # c comes after it
    assert is_overtaken("b", head="c", waiting=False)
    assert is_overtaken("b", head=None, waiting=False)  # deleted, and that was heard
