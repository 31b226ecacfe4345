"""What clients send is answered to tests: none of their documents gets away with less.

What is tested here is the reckoning at the end of a run of the tests.
"""

from typing import Final

import pytest
from tests.support.documents import (
    KNOWN,
    SENDING,
    Outcome,
    documents,
    in_folder,
    is_whole,
    outcome_of,
    unlike,
)
from tests.support.inputs import UNREAD, Rounds, fields
from tests.support.inputs import unlike as inputs_unlike
from tests.support.wire import text as document

MANY: Final = 375  # as many as the clients have
NAMES: Final = [name for names in documents().values() for name in names]
AS_IT_SHOULD_BE: Final = {
    name: KNOWN[name][0] if name in KNOWN else Outcome.ANSWERED for name in NAMES
}


def test_every_document_of_every_client_has_to_be_answered() -> None:
    assert len(NAMES) == MANY
    assert unlike(AS_IT_SHOULD_BE) == []
    assert KNOWN.keys() <= set(NAMES)
    assert all(why for _, why in KNOWN.values())


@pytest.mark.parametrize("outcome", [Outcome.UNSENT, Outcome.REFUSED, Outcome.EMPTY])
def test_less_than_an_answer_is_not_enough(outcome: Outcome) -> None:
    one = "spacectl/StackOpenCommandSearchStacks"
    [line] = unlike(AS_IT_SHOULD_BE | {one: outcome})
    assert line == f"{one} is {outcome.name}, not ANSWERED"


def test_what_is_known_not_to_be_answered_must_not_be() -> None:
    wrong = unlike(AS_IT_SHOULD_BE | dict.fromkeys(KNOWN, Outcome.ANSWERED))
    assert len(wrong) == len(KNOWN)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({}, Outcome.REFUSED),
        ({"data": None}, Outcome.REFUSED),
        ({"data": {"one": 1}, "errors": [{}]}, Outcome.REFUSED),
        ({"data": {"one": None, "other": None}}, Outcome.EMPTY),
        ({"data": {"one": {"many": [], "other": None}}}, Outcome.EMPTY),
        ({"data": {"one": None, "other": False}}, Outcome.ANSWERED),
        ({"data": {"one": {"many": [{"id": "x"}]}}}, Outcome.ANSWERED),
    ],
)
def test_an_answer_says_something_and_has_no_error(
    said: dict[str, object], outcome: Outcome
) -> None:
    assert outcome_of(said) is outcome


def test_only_a_run_of_all_tests_that_send_documents_is_reckoned() -> None:
    files = {in_folder(one) for folder in SENDING for one in folder.glob("test_*.py")}
    assert is_whole(files | {"faults/test_start.py"})
    assert not is_whole(files - {"acceptance/test_other_clients.py"})


def test_what_is_sent_must_be_read_again_or_said_why_not() -> None:
    all_of_them = fields(documents())
    assert all_of_them > UNREAD.keys()
    assert inputs_unlike(documents(), all_of_them - UNREAD.keys()) == []
    missing = inputs_unlike(
        documents(), all_of_them - UNREAD.keys() - {"SpaceInput.name"}
    )
    assert missing == ["SpaceInput.name is sent, but no test reads it again"]
    assert len(inputs_unlike(documents(), all_of_them)) == len(UNREAD)


def test_a_field_has_come_round_once_its_value_is_read() -> None:
    rounds, text = Rounds(), document("terraform-provider", "CreateSpace")
    sent = {"name": "n", "parentSpace": "root", "labels": ["a"], "description": ""}
    rounds.note(text, {"input": sent}, {"spaceCreate": {"id": "n-1", "name": "other"}})
    assert rounds.back == set()
    query = document("terraform-provider", "SpaceRead")
    rounds.note(query, {}, {"space": {"name": "n", "labels": ["b", "a"]}})
    assert rounds.back == {"SpaceInput.name", "SpaceInput.labels"}
