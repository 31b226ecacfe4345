import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.adapters.outbound import AddressRules


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::",
    ],
)
def test_an_inner_address_is_refused_in_every_disguise(address: str) -> None:
    assert not AddressRules().permits(address)


@pytest.mark.parametrize(
    "address", ["140.82.121.3", "2606:50c0:8000::153", "::ffff:140.82.121.3"]
)
def test_a_public_address_may_be_called(address: str) -> None:
    assert AddressRules().permits(address)


def test_a_network_the_operator_named_may_be_called_and_its_neighbours_not() -> None:
    rules = AddressRules.parse(["10.1.0.0/16", "fd12::/32"])

    assert rules.permits("10.1.2.3")
    assert rules.permits("::ffff:10.1.2.3")
    assert rules.permits("fd12::5")
    assert not rules.permits("10.2.0.1")


@given(
    st.ip_addresses(v=4, network="127.0.0.0/8")
    | st.ip_addresses(v=4, network="10.0.0.0/8")
)
def test_no_private_address_passes_mapped_or_plain(address: object) -> None:
    rules = AddressRules()

    assert not rules.permits(str(address))
    assert not rules.permits(f"::ffff:{address}")
