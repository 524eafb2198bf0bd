"""Which addresses a typed-in host may lead to."""

from __future__ import annotations

import pytest

from app.outbound.guard import HostRefused, HostUnknown, is_public, pin

PRIVATE = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1", "2001::1", "2001:db8::1", "fc00::1",
    "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450:4001::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_the_open_internet_is_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0", "::1", " 127.0.0.1 "])
async def test_every_way_to_write_this_machine_is_refused(host: str) -> None:
    with pytest.raises((HostRefused, HostUnknown)):
        await pin(host, 25, allow_private=False)


async def test_private_addresses_are_allowed_when_asked_for() -> None:
    assert await pin("127.0.0.1", 25, allow_private=True) == "127.0.0.1"
    assert await pin("localhost", 25, allow_private=True) in ("127.0.0.1", "::1")


async def test_a_public_address_is_its_own_pin() -> None:
    assert await pin("8.8.8.8", 25, allow_private=False) == "8.8.8.8"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 300, "", "exa mple.com", "a\0b"])
async def test_a_host_that_is_none_is_unknown(host: str) -> None:
    with pytest.raises(HostUnknown):
        await pin(host, 25, allow_private=True)
