"""The log of a leg: masked bytes, commands in it, sentences of ours."""

from hypothesis import given
from hypothesis import strategies as st
from tests.support.recorder import Recorder

from stackyard_worker.log import RunLog
from stackyard_worker.masking import Masker


def logged(pieces: list[bytes], *secrets: str) -> tuple[bytes, RunLog]:
    recorder = Recorder()
    log = RunLog(recorder, Masker(secrets))
    for piece in pieces:
        log.output(piece)
    log.flush()
    return recorder.log, log


TEXT = (
    b"one two\n::add-mask  one two\r\none two\nnot ::add-mask three\nthree\n"
    b"::add-masked four\nfour\n::add-mask five"
)


@given(st.lists(st.integers(1, 30), max_size=20))
def test_a_mask_command_hides_its_words_from_its_line_on(sizes: list[int]) -> None:
    pieces, rest = [], TEXT
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    shown, log = logged([*pieces, rest])
    assert shown == (
        b"one two\n::add-mask  ***** *****\r\n***** *****\nnot ::add-mask three\n"
        b"three\n::add-masked four\nfour\n::add-mask five"
    )
    assert log.added == ["one", "two"]


def test_a_line_that_never_ends_is_passed_on() -> None:
    line = b"::add-mask " + b"x" * 100_000
    recorder = Recorder()
    log = RunLog(recorder, Masker())
    log.output(line)
    assert recorder.log == line


def test_output_is_not_held_back_for_want_of_a_newline() -> None:
    recorder = Recorder()
    RunLog(recorder, Masker(["secret-word"])).output(b"progress: 50 %")
    assert recorder.log == b"progress: 50 %"


def test_our_own_sentences_begin_on_a_line_of_their_own_and_are_masked() -> None:
    recorder = Recorder()
    log = RunLog(recorder, Masker(["secret"]))
    log.output(b"no newline")
    log.say("It was secret.")
    log.say("Twice.")
    assert recorder.log == b"no newline\nIt was *****.\nTwice.\n"
