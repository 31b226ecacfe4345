"""From where a request comes, when proxies may stand in between. Pure."""

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


def client_address(
    peer: str, forwarded_for: Sequence[str], trusted: Sequence[Network]
) -> str:
    """Return the address nearest to us that is not one of our own proxies'.

    *forwarded_for* are the values of `X-Forwarded-For`, in the order they came. Each
    proxy appends whom it was called by: so what stands left of the first stranger, seen
    from the right, is that stranger's word and means nothing. Nobody but a proxy of
    ours is believed at all.
    """
    hops = [hop.strip() for value in forwarded_for for hop in value.split(",")]
    address = peer
    while hops and _is_trusted(address, trusted):
        hop = _parse(hops.pop())
        if hop is None:  # the proxy that wrote it is the last one that we know
            return address
        address = str(hop)
    return address


def _is_trusted(text: str, trusted: Sequence[Network]) -> bool:
    address = _parse(text)
    return address is not None and any(
        address.version == network.version and address in network for network in trusted
    )


def _parse(text: str) -> Address | None:
    """Read an address, perhaps in brackets or with a port, as proxies write it."""
    host = text.partition("]")[0].removeprefix("[") if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
