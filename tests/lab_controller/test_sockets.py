import socket
from pathlib import Path

from lab_controller.sockets import is_connected

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def test_a_connection_of_this_machine_is_seen_from_its_own_end_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_connected(Path("/proc"), ["127.0.0.1"], port)
        with socket.create_connection(("127.0.0.1", port)) as client:
            assert is_connected(Path("/proc"), ["::1", "127.0.0.1"], port)
            assert not is_connected(Path("/proc"), ["127.0.0.2"], port)
            assert not is_connected(Path("/proc"), ["127.0.0.1"], client.getsockname()[1] ^ 1)


def test_a_connection_over_ipv6_is_seen_by_either_address(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    mapped, waiting = "0000000000000000FFFF00000201A8C0:075B", "0000000000000000FFFF00000301A8C0:075B"
    (tmp_path / "net" / "tcp6").write_text(
        f"{HEAD}   0: {mapped} {mapped} 01 00000000:00000000\n   1: {mapped} {waiting} 06 0:0\n"
    )
    assert is_connected(tmp_path, ["192.168.1.2"], 1883)
    assert not is_connected(tmp_path, ["192.168.1.3"], 1883)


def test_without_the_kernels_list_nothing_is_connected(tmp_path: Path) -> None:
    assert not is_connected(tmp_path, ["127.0.0.1"], 1883)
