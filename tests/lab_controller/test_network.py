import pytest

from lab_controller.network import find_lan_address, is_loopback


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("0.0.0.0", False),
        ("192.168.1.20", False),
        ("lab.local", False),
        ("", False),
    ],
)
def test_the_machine_knows_its_own_names(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def test_an_address_in_the_network_is_never_the_machines_own() -> None:
    assert not is_loopback(find_lan_address() or "")
