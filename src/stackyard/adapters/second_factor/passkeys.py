"""Security keys, phones and the like, by WebAuthn.

They come second, after a sign-in: touching one is enough, it need not know a finger or
a PIN. Who made it does not matter, so nobody is asked to attest to that.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    generate_challenge,
    parse_authentication_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from stackyard.kernel.second_factor import Challenge, Passkey, PasskeyError
from stackyard.kernel.site import Site

T = TypeVar("T")

_LONGEST: Final = 64 * 1024
_LONGEST_ID: Final = 1023  # the standard's
_SELECTION: Final = AuthenticatorSelectionCriteria(
    resident_key=ResidentKeyRequirement.DISCOURAGED,
    user_verification=UserVerificationRequirement.DISCOURAGED,
)


@dataclass(frozen=True, slots=True)
class WebAuthnPasskeys:
    """Implements `kernel.second_factor.Passkeys`."""

    site: Site

    def begin_registration(
        self, user_id: bytes, login: str, known: Collection[Passkey]
    ) -> Challenge:
        expected = generate_challenge()
        options = generate_registration_options(
            rp_id=self.site.host_name,
            rp_name=f"Stackyard {self.site.host_name}",
            user_id=user_id,
            user_name=login,
            challenge=expected,
            authenticator_selection=_SELECTION,
            exclude_credentials=_described(known),
        )
        return Challenge(options_to_json(options), expected)

    def finish_registration(self, expected: bytes, answer: str) -> Passkey:
        _check_length(answer)
        made = _or_refused(
            lambda: verify_registration_response(
                credential=answer,
                expected_challenge=expected,
                expected_rp_id=self.site.host_name,
                expected_origin=self.site.base_url,
            )
        )
        if len(made.credential_id) > _LONGEST_ID:
            raise PasskeyError
        return Passkey(made.credential_id, made.credential_public_key, made.sign_count)

    def begin_proof(self, known: Collection[Passkey]) -> Challenge:
        expected = generate_challenge()
        options = generate_authentication_options(
            rp_id=self.site.host_name,
            challenge=expected,
            allow_credentials=_described(known),
            user_verification=UserVerificationRequirement.DISCOURAGED,
        )
        return Challenge(options_to_json(options), expected)

    def finish_proof(
        self, expected: bytes, answer: str, known: Collection[Passkey]
    ) -> Passkey:
        _check_length(answer)
        said = _or_refused(lambda: parse_authentication_credential_json(answer))
        used = next((one for one in known if one.id == said.raw_id), None)
        if used is None:
            raise PasskeyError
        proof = _or_refused(
            lambda: verify_authentication_response(
                credential=said,
                expected_challenge=expected,
                expected_rp_id=self.site.host_name,
                expected_origin=self.site.base_url,
                credential_public_key=used.public_key,
                credential_current_sign_count=used.uses,
            )
        )
        return replace(used, uses=proof.new_sign_count)


def _described(known: Collection[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=one.id) for one in known]


def _check_length(answer: str) -> None:
    if len(answer) > _LONGEST:
        raise PasskeyError


def _or_refused(ask: Callable[[], T]) -> T:
    """Return what the library says; whatever it stumbles over is a wrong answer."""
    try:
        return ask()
    except Exception as error:
        raise PasskeyError from error
