"""Only ports that are ours are opened; the rest are left alone and told."""

import subprocess
from dataclasses import replace

import pytest

from devices.discovery import Port, SystemPorts, candidates, is_ambiguous
from devices.identities import Identities, Place, identify, place
from devices.kits.timing_gate import KIT
from devices.registry import iter_kits
from devices.transports.serial_listing import UsbPort, find_holders
from lab_controller.clock import ManualClock

UNO = Port("/dev/ttyACM0", UsbPort("/dev/ttyACM0", 0x2341, 0x0043, "757353", "1-1.2"))
CH340 = Port("/dev/ttyUSB0", UsbPort("/dev/ttyUSB0", 0x1A86, 0x7523, None, "1-1.3"))
PRINTER = Port("/dev/ttyACM1", UsbPort("/dev/ttyACM1", 0x2C99, 0x0002))


@pytest.mark.parametrize(
    ("port", "opened", "ambiguous"),
    [
        (UNO, (KIT,), False),
        (CH340, (), True),
        (PRINTER, (), False),
        (Port("/dev/ttyS0"), (), False),
        (Port("/tmp/gate0", configured=True), (KIT,), False),
        (Port(CH340.path, CH340.usb, configured=True), (KIT,), False),
    ],
)
def test_a_port_is_opened_only_if_nothing_else_can_be_there(port, opened, ambiguous):
    assert candidates(port, [KIT]) == opened
    assert is_ambiguous(port, [KIT]) is ambiguous


@pytest.mark.parametrize(
    ("vid", "pid", "opened", "ambiguous"),
    [
        (0x2341, 0x0043, True, False),
        (0x2341, 0x8036, True, False),
        (0x2341, 0x0042, False, True),
        (0x2341, 0x0010, False, True),
        (0x2A03, 0x0042, False, True),
    ],
    ids=["Uno", "Leonardo", "Mega R3", "Mega", "Mega of arduino.org"],
)
def test_a_mega_may_be_a_printer_and_is_asked_about(vid, pid, opened, ambiguous):
    kits = tuple(iter_kits())
    port = Port("/dev/ttyACM0", UsbPort("/dev/ttyACM0", vid, pid, "757353", "1-1.2"))
    assert (candidates(port, kits) != (), is_ambiguous(port, kits)) == (opened, ambiguous)
    assert candidates(replace(port, configured=True), kits) != ()


async def test_a_named_port_is_known_before_it_is_plugged_in(monkeypatch):
    monkeypatch.setattr("devices.discovery.list_usb_ports", lambda: (UNO.usb, CH340.usb))
    found = await SystemPorts(["/tmp/gate0=ev3", CH340.path], ManualClock(1_000_000_000)).find()
    assert found == (
        Port("/tmp/gate0", configured=True, kit="ev3"),
        Port(CH340.path, CH340.usb, configured=True, identity="1a86:7523 1-1.3"),
        Port(UNO.path, UNO.usb, identity="2341:0043 757353"),
    )


async def test_a_cable_that_is_pulled_while_its_port_is_read_about_ends_nothing(monkeypatch):
    """pyserial 3.5 takes `int(None)` of a number that the system has just forgotten."""
    ports = SystemPorts([], ManualClock(1_000_000_000))
    monkeypatch.setattr("devices.discovery.list_usb_ports", lambda: (UNO.usb,))
    before = await ports.find()
    monkeypatch.setattr("devices.discovery.list_usb_ports", lambda: (int(None),))
    assert await ports.find() == before
    monkeypatch.setattr("devices.discovery.list_usb_ports", tuple)
    assert await ports.find() == ()


def clone(number: int, socket: int) -> UsbPort:
    """One of many with the same serial number."""
    return UsbPort(f"/dev/ttyUSB{number}", 0x0403, 0x6001, "A50285BI", f"1-1.{socket}:1.0")


FIRST, SECOND, THIRD = clone(0, 1), clone(1, 2), clone(2, 3)
BY_NUMBER, BY_SOCKET_2, BY_SOCKET_3 = "0403:6001 A50285BI", "0403:6001 1-1.2", "0403:6001 1-1.3"


def test_of_two_clones_with_one_number_the_first_has_it_and_the_second_its_socket():
    assert Identities().give([FIRST, SECOND]) == {FIRST.path: BY_NUMBER, SECOND.path: BY_SOCKET_2}


def test_a_kit_keeps_its_identity_whatever_is_plugged_in_beside_it():
    identities = Identities()
    both = {FIRST.path: BY_NUMBER, SECOND.path: BY_SOCKET_2}
    assert identities.give([FIRST]) == {FIRST.path: BY_NUMBER}
    assert identities.give([SECOND, FIRST]) == both
    assert identities.give([SECOND]) == {SECOND.path: BY_SOCKET_2}
    assert identities.give([]) == {}
    assert identities.give([SECOND]) == {SECOND.path: BY_SOCKET_2}
    assert identities.give([SECOND, FIRST]) == both
    assert identities.give([THIRD, SECOND, FIRST]) == {**both, THIRD.path: BY_SOCKET_3}


def test_a_kit_that_is_alone_is_known_at_any_socket():
    identities = Identities()
    assert [identities.give([each]) for each in (FIRST, THIRD, SECOND)] == [
        {FIRST.path: BY_NUMBER},
        {THIRD.path: BY_NUMBER},
        {SECOND.path: BY_NUMBER},
    ]


def test_clones_that_are_found_in_another_order_after_a_restart_keep_their_identities():
    identities = Identities()
    identities.recall(
        {
            identify(BY_NUMBER): Place(THIRD.socket),
            identify(BY_SOCKET_2): Place(SECOND.socket, identify(BY_NUMBER)),
        }
    )
    assert identities.give([SECOND, THIRD]) == {SECOND.path: BY_SOCKET_2, THIRD.path: BY_NUMBER}


def test_clones_that_were_known_by_their_sockets_only_stay_so():
    identities = Identities()
    identities.recall({identify(BY_SOCKET_2): Place(), identify(BY_SOCKET_3): Place()})
    assert identities.give([SECOND, THIRD]) == {SECOND.path: BY_SOCKET_2, THIRD.path: BY_SOCKET_3}


@pytest.mark.parametrize("beside", [(), (FIRST,)], ids=["alone", "beside the first clone"])
def test_a_number_of_its_own_counts_at_a_clones_socket_too(beside: tuple[UsbPort, ...]):
    identities = Identities()
    unique = replace(THIRD, serial="UNIQUE")
    known = {FIRST.path: BY_NUMBER} if beside else {}
    identities.give([FIRST, SECOND, unique])
    identities.give(beside)
    for board, identity in (
        (replace(unique, location=SECOND.location), "0403:6001 UNIQUE"),
        (replace(SECOND, serial="BRAND NEW"), "0403:6001 BRAND NEW"),
        (SECOND, BY_SOCKET_2),
    ):
        assert identities.give([*beside, board]) == {**known, board.path: identity}
        identities.give(beside)


def test_a_clone_alone_has_its_sockets_identity_again_after_a_restart():
    identities = Identities()
    identities.recall({identify(BY_SOCKET_2): place(SECOND, identify(BY_SOCKET_2))})
    assert identities.give([SECOND]) == {SECOND.path: BY_SOCKET_2}


@pytest.mark.parametrize("before", [Place(), Place(SECOND.socket)], ids=["an older note", "no number"])
def test_a_board_with_a_number_is_not_what_stood_at_its_socket_without_one(before: Place):
    identities = Identities()
    identities.recall({identify(BY_SOCKET_2): before})
    assert identities.give([SECOND]) == {SECOND.path: BY_NUMBER}


def test_a_clone_leaves_its_sockets_identity_to_a_board_without_a_number():
    identities = Identities()
    nameless = replace(SECOND, serial=None)
    identities.give([FIRST, SECOND])
    assert identities.give([nameless]) == {nameless.path: BY_SOCKET_2}
    assert identities.give([SECOND]) == {SECOND.path: BY_NUMBER}


def test_two_interfaces_of_one_device_have_its_number():
    system, user = (UsbPort(f"/dev/ttyACM{n}", 0x2888, 0x0501, "A1", f"1-3:1.{n}") for n in (0, 2))
    assert Identities().give([system, user]) == dict.fromkeys((system.path, user.path), "2888:0501 A1")


async def test_ports_of_clones_have_ids_of_their_own(monkeypatch):
    monkeypatch.setattr("devices.discovery.list_usb_ports", lambda: (FIRST, SECOND))
    ports = SystemPorts([], ManualClock(1_000_000_000))
    ports.recall({identify(BY_NUMBER): Place(SECOND.socket)})
    found = await ports.find()
    assert [port.identity for port in found] == ["0403:6001 1-1.1", BY_NUMBER]
    assert len({port.id for port in found}) == 2


def test_a_device_of_two_ports_is_one_device_with_two_interfaces():
    system, user = (UsbPort(f"/dev/ttyACM{n}", 0x2888, 0x0501, "A1", f"1-3:1.{n}") for n in (0, 2))
    assert (system.interface, user.interface) == (0, 2)
    assert system.socket == user.socket == "1-3"


def test_a_socket_keeps_its_label_when_clones_share_a_number():
    assert UNO.usb.label == "2341:0043 1-1.2"


def test_who_holds_a_port_is_found_or_not_known(tmp_path):
    free, held, link = tmp_path / "none", tmp_path / "held", tmp_path / "link"
    held.touch()
    link.symlink_to(held)
    paths = [str(free), str(held), str(link)]
    with held.open("w") as file, subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file) as program:
        assert find_holders(paths) == {str(held): "cat", str(link): "cat"}
        program.communicate()
    assert find_holders(paths) == {}


class EntryPoint:
    """An installed package that brings something as a kit."""

    name = "other"

    def __init__(self, brought: object) -> None:
        self._brought = brought

    def load(self) -> object:
        if isinstance(self._brought, Exception):
            raise self._brought
        return self._brought


@pytest.mark.parametrize(
    ("brought", "count"),
    [(KIT, 2), (ImportError("no module"), 1), ("no kit", 1)],
    ids=["kit", "broken", "other"],
)
def test_an_installed_kit_joins_and_a_broken_one_is_left_out(monkeypatch, brought, count):
    monkeypatch.setattr("devices.registry.entry_points", lambda group: [EntryPoint(brought)])
    assert [kit.id for kit in iter_kits()].count("timing_gate") == count
