"""One-time passwords and backup codes: each is good once."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from stackyard.adapters.second_factor import PyotpPasswords
from stackyard.kernel.backup_codes import COUNT, digest_of, new_backup_codes, used
from stackyard.kernel.second_factor import OneTimePasswordError
from stackyard.kernel.site import Site

PASSWORDS = PyotpPasswords(Site("https://stackyard.example:8443", "acme"))
NOW = datetime(2030, 1, 1, 12, 0, 10, tzinfo=UTC)
STEP = timedelta(seconds=30)
# RFC 6238, appendix B: the secret, a time, and the last six of its eight digits
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # noqa: S105 - the standard's
RFC_TIMES = {59: "287082", 1111111109: "081804", 20000000000: "353130"}


def accept(secret: str, code: str, last: int | None = None) -> int:
    return PASSWORDS.accept(secret, code, last_step=last, now=NOW)


@pytest.mark.parametrize(("seconds", "code"), RFC_TIMES.items())
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)

    step = PASSWORDS.accept(RFC_SECRET, code, last_step=None, now=now)

    assert step == seconds // 30


def test_an_app_reads_the_secret_and_whose_it_is() -> None:
    secret = PASSWORDS.new_secret()
    uri = urlsplit(PASSWORDS.uri(secret, "ada@example.com"))

    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/Stackyard stackyard.example:ada@example.com"
    assert parse_qs(uri.query)["secret"] == [secret]
    assert PASSWORDS.new_secret() != secret
    assert len(secret) * 5 >= 160


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_a_step_off(steps: int) -> None:
    secret = PASSWORDS.new_secret()
    code = pyotp.TOTP(secret).at(NOW + steps * STEP)

    assert accept(secret, code) == int(NOW.timestamp()) // 30 + steps
    assert accept(secret, f" {code[:3]} {code[3:]} ") == accept(secret, code)


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_clock_may_not_be_further_off(steps: int) -> None:
    code = pyotp.TOTP(RFC_SECRET).at(NOW + steps * STEP)

    with pytest.raises(OneTimePasswordError):
        accept(RFC_SECRET, code)


def test_a_code_is_good_once_and_so_are_those_before_it() -> None:
    codes = [pyotp.TOTP(RFC_SECRET).at(NOW + steps * STEP) for steps in (-1, 0, 1)]
    last = accept(RFC_SECRET, codes[1])

    for code in codes[:2]:
        with pytest.raises(OneTimePasswordError):
            accept(RFC_SECRET, code, last)
    assert accept(RFC_SECRET, codes[2], last) == last + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "٣" * 6, "-12345"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(OneTimePasswordError):
        accept(RFC_SECRET, code)


def test_backup_codes_are_ten_and_no_two_are_alike() -> None:
    codes = new_backup_codes()

    assert len(set(codes)) == COUNT == 10
    assert all(len(code) == 19 and code.count("-") == 3 for code in codes)
    assert not set("01IO") & set("".join(codes))
    assert not set(codes) & set(new_backup_codes())


def test_a_backup_code_is_known_however_it_is_typed_and_only_once() -> None:
    codes = new_backup_codes()
    stored = {digest_of(code) for code in codes}
    code = codes[3]

    for typed in (code, code.lower(), code.replace("-", ""), f" {code} "):
        assert used(typed, stored) == digest_of(code)
    stored.discard(digest_of(code))
    assert used(code, stored) is None
    assert used(codes[4], stored) == digest_of(codes[4])


@pytest.mark.parametrize("code", ["", "AAAA-AAAA-AAAA-AAAA", "é", "A" * 10_000])
def test_what_is_no_backup_code_is_none(code: str) -> None:
    stored = [digest_of(one) for one in new_backup_codes()]

    assert used(code, stored) is None


def test_what_is_stored_does_not_tell_the_code() -> None:
    code = new_backup_codes()[0]

    assert code.replace("-", "").encode() not in digest_of(code)
