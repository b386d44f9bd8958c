"""Where a request really comes from, behind proxies that are trusted and only behind those."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from rag.errors import ConfigError

_FORWARDING = (b"x-forwarded-", b"forwarded", b"x-real-ip")


class TrustedProxies:
    """Reads ``X-Forwarded-For`` and ``X-Forwarded-Proto`` of proxies in ``addresses`` (addresses or networks).

    Raises ``ConfigError`` for what is neither.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        try:
            self._networks: list[IPv4Network | IPv6Network] = [ip_network(a, strict=False) for a in addresses]
        except ValueError as error:
            raise ConfigError(f"RAG_TRUSTED_PROXIES: {error}; write addresses such as 10.0.0.5 or 10.0.0.0/8.") from error

    def _trusts(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)

    def client(self, scope: dict[str, Any]) -> tuple[str, bool]:
        """The client's address and whether it came over https.

        The rightmost forwarded address that is not a trusted proxy counts: those to its left are hearsay.
        """
        peer = str(scope["client"][0]) if scope.get("client") else ""
        https = scope.get("scheme") == "https"
        if not self._trusts(peer):
            return peer, https
        protocol = _all(scope, b"x-forwarded-proto")[-1]
        https = protocol == "https" if protocol else https
        address = peer
        for part in reversed(_all(scope, b"x-forwarded-for")):
            try:
                address = str(ip_address(part))
            except ValueError:
                break
            if not self._trusts(address):
                break
        return address, https


def _all(scope: dict[str, Any], name: bytes) -> list[str]:
    values = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
    return [part.strip() for part in ",".join(values).split(",")]


def without_forwarding(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers without those that proxies add: nothing behind the guard shall believe them again."""
    return [(name, value) for name, value in headers if not name.lower().startswith(_FORWARDING)]
