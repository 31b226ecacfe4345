"""Which addresses the platform may call on a user's word."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_NAT64: Final = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_V4_COMPATIBLE: Final = ip_network("::/96")
# What `is_global` of one Python or another lets through, and a cloud's own service
# that answers on what looks like a public address.
_REFUSED: Final = tuple(
    ip_network(network)
    for network in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "168.63.129.16/32")
)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Public addresses, and the networks that the operator has named."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, networks: Iterable[str]) -> "AddressRules":
        """Read networks such as `10.1.0.0/16`; a wrong one is a ValueError."""
        return cls(tuple(ip_network(network) for network in networks))

    def permits(self, text: str) -> bool:
        """Say whether an address may be called, whatever it is wrapped in."""
        address = ip_address(text.partition("%")[0])
        if any(_is_in(address, network) for network in self.allowed):
            return True
        return all(self._permits(each) for each in _unwrapped(address))

    def _permits(self, address: Address) -> bool:
        if any(_is_in(address, network) for network in self.allowed):
            return True
        return (
            address.is_global
            and not address.is_multicast
            and not address.is_reserved
            and not any(_is_in(address, network) for network in _REFUSED)
        )


def _unwrapped(address: Address) -> Iterator[Address]:
    """Yield the address, or those of version 4 that it stands for."""
    if isinstance(address, IPv4Address):
        yield address
        return
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in (*_NAT64, _V4_COMPATIBLE)):
        inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
    found = [each for each in inner if each is not None]
    yield from found
    if address.ipv4_mapped is None:
        yield address


def _is_in(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network
