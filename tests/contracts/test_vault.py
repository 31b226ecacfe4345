"""What every `Vault` must do: the fake as well as the real one."""

import pytest
from tests.support.fake_vault import MemoryVault

from stackyard.adapters.crypto import AesVault
from stackyard.kernel.secrets import Sealed, UnsealError, Vault

CONTEXT = "stack_config/net/TOKEN"


@pytest.fixture(params=["memory", "aes"])
def vault(request: pytest.FixtureRequest) -> Vault:
    return MemoryVault() if request.param == "memory" else AesVault(b"k" * 32)


@pytest.mark.parametrize("secret", [b"", b"hush", bytes(range(256)) * 4096])
def test_what_was_sealed_opens_in_its_place(vault: Vault, secret: bytes) -> None:
    assert vault.unseal(vault.seal(secret, context=CONTEXT), context=CONTEXT) == secret


def test_it_does_not_open_in_another_place(vault: Vault) -> None:
    sealed = vault.seal(b"hush", context=CONTEXT)

    with pytest.raises(UnsealError):
        vault.unseal(sealed, context="stack_config/other/TOKEN")


def test_the_same_secret_never_looks_the_same(vault: Vault) -> None:
    assert vault.seal(b"x", context=CONTEXT) != vault.seal(b"x", context=CONTEXT)


@pytest.mark.parametrize("garbage", [b"", b"\x01", b"\x02" + b"0" * 40, b"\x01" * 60])
def test_what_nobody_sealed_does_not_open(vault: Vault, garbage: bytes) -> None:
    with pytest.raises(UnsealError):
        vault.unseal(Sealed(garbage), context=CONTEXT)


def test_every_changed_byte_is_noticed() -> None:
    vault = AesVault(b"k" * 32)
    sealed = vault.seal(b"hush", context=CONTEXT)

    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(UnsealError):
            vault.unseal(Sealed(bytes(changed)), context=CONTEXT)


def test_the_data_key_is_never_shown() -> None:
    assert "kkkk" not in repr(AesVault(b"k" * 32))
