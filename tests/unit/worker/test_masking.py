"""Secrets in a stream, cut anywhere."""

from hypothesis import assume, given
from hypothesis import strategies as st

from stackyard_worker.known_secrets import HINTS
from stackyard_worker.masking import MASK, Masker, terms

# few letters, so that secrets overlap, repeat and begin alike
letters = st.integers(97, 99).map(chr)
words = st.lists(st.text(letters, min_size=3, max_size=6), min_size=1, max_size=5)
streams = st.lists(st.text(letters, max_size=9), max_size=12)


def reference(data: bytes, secrets: list[bytes]) -> bytes:
    """The slow and obvious way: mark every byte of every occurrence."""
    spans = sorted(
        (start, start + len(secret))
        for secret in secrets
        for start in range(len(data))
        if data.startswith(secret, start)
    )
    shown, done = b"", 0
    for start, end in spans:
        if start >= done:
            shown += data[done:start] + MASK
        done = max(done, end)
    return shown + data[done:]


def masked(masker: Masker, pieces: list[bytes]) -> bytes:
    return b"".join([*map(masker.feed, pieces), masker.flush()])


@given(words, streams)
def test_however_a_stream_is_cut_the_same_bytes_are_masked(
    secrets: list[str], pieces: list[str]
) -> None:
    data = [piece.encode() for piece in pieces]
    expected = reference(b"".join(data), [secret.encode() for secret in secrets])
    assert masked(Masker(secrets), data) == expected


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_bytes_without_secrets_come_out_exactly(pieces: list[bytes]) -> None:
    secrets = ["\u2603 no such thing", "neither-this"]
    data = b"".join(pieces)
    assert masked(Masker(secrets), pieces) == data
    # what begins like a well-known secret may be taken for one
    assume(not any(hint in data for hint in HINTS))
    assert masked(Masker(secrets, well_known=True), pieces) == data


@given(words, streams)
def test_only_what_may_become_a_secret_is_held_back(
    secrets: list[str], pieces: list[str]
) -> None:
    masker = Masker(secrets)
    shown, seen = "", ""
    for piece in pieces:
        seen += piece
        shown += masker.feed(piece.encode()).decode()
        if "*" not in shown and not any(secret in seen for secret in secrets):
            assert seen.startswith(shown)
            held = seen[len(shown) :]
            assert any(secret.startswith(held) for secret in secrets)


def test_a_secret_is_caught_one_byte_at_a_time_across_any_pause() -> None:
    masker = Masker(["correct horse"])
    shown = [masker.feed(bytes([byte])) for byte in b"a correct horse b"]
    assert b"".join(shown) + masker.flush() == b"a ***** b"
    assert shown[0] == b"a", "what can't be a secret is not delayed"


def test_secrets_that_overlap_are_hidden_as_a_whole() -> None:
    assert Masker(["abcd", "cdef"]).mask("x abcdef y") == "x ***** y"
    assert Masker(["abc", "abcdef"]).mask("abcdef abc") == "***** *****"


def test_the_lines_of_a_long_secret_are_hidden_on_their_own_too() -> None:
    key = "-----BEGIN X-----\nMIIEvQIBADANBg\nshort\nkqhkiG9w0BAQEF\n-----END X-----\n"
    masker = Masker([key])
    shown = masker.mask(f"  | MIIEvQIBADANBg\n  | kqhkiG9w0BAQEF\n{key}")
    assert shown == "  | *****\n  | *****\n*****"
    assert "*" not in masker.mask("a short word")


def test_a_secret_is_also_hidden_as_json_writes_it() -> None:
    assert Masker(['pa"ss\\word']).mask(r'{"x": "pa\"ss\\word"}') == '{"x": "*****"}'


def test_values_of_less_than_three_bytes_are_left_alone() -> None:
    assert Masker(["", "1", "ab"]).mask("1 ab") == "1 ab"


def test_a_secret_of_megabytes_is_masked_in_pieces() -> None:
    value = "".join(f"{number:07d}," for number in range(50_000))
    assert max(map(len, terms(value))) < 5000
    shown = Masker([value]).mask(f"<{value}>")
    assert set(shown[1:-1]) == {"*"}


def test_a_word_may_be_added_while_the_stream_runs() -> None:
    masker = Masker(["first-one"])
    shown = masker.feed(b"second-one fir")
    masker.add(["second-one"])
    shown += masker.feed(b"st-one second-one") + masker.flush()
    assert shown == b"second-one ***** *****"


KNOWN = [
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "11AAAAAAA0" * 4,
    "gho_" + "x" * 36,
    "ghs_" + "x" * 36,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl-_",
    "xoxb-1234567890-abcdefghij",
    "abc8Q~" + "d" * 34,
    "AccountKey=" + "Zm9v" * 8 + "==",
    "SharedAccessSignature=sv=2020&sig=abcdefgh",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc+/=\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----",
    """-----BEGIN PGP PRIVATE KEY BLOCK-----
Version: x

lQ==
=ab
-----END PGP PRIVATE KEY BLOCK-----""",
]


@given(st.sampled_from(KNOWN), st.integers(1, 7))
def test_well_known_secrets_are_recognised_however_they_are_cut(
    secret: str, size: int
) -> None:
    data = f"before {secret} after\n".encode()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert masked(Masker(well_known=True), pieces) == b"before ***** after\n"
    assert masked(Masker(), pieces) == data, "only where the stack wants it"


def test_ordinary_words_are_no_well_known_secrets() -> None:
    text = "AKIA ghp_short eyJ.not -----BEGIN CERTIFICATE-----\nabc\n"
    assert Masker(well_known=True).mask(text) == text
