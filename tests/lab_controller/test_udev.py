"""udev rules cover every USB identity of every kit, and lab doctor knows whether they are there."""

from pathlib import Path

from typer.testing import CliRunner

from devices.registry import iter_kits
from lab_controller.cli import app
from lab_controller.doctor import check_modem_manager
from lab_controller.udev import FILE, format_rules, is_installed

UNO = (
    "# Arduino Uno or Nano, Timing gate\n"
    'ATTRS{idVendor}=="2341", ATTRS{idProduct}=="0001", TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"\n'
)


def test_an_identity_of_two_kits_has_one_rule():
    kits = [kit for kit in iter_kits() if kit.id in {"arduino_uno", "timing_gate"}]
    assert UNO in format_rules(kits)


def test_every_identity_of_every_kit_has_a_rule():
    printed = CliRunner().invoke(app, ["doctor", "--udev"])
    assert printed.exit_code == 0
    for kit in iter_kits():
        for match in kit.usb:
            assert (
                f'ATTRS{{idVendor}}=="{match.vid:04x}", ATTRS{{idProduct}}=="{match.pid:04x}"'
                in printed.stdout
            )


def test_rules_of_an_older_lab_are_told_from_todays(tmp_path: Path):
    rules = format_rules(iter_kits())
    assert not is_installed(rules, [tmp_path])
    (tmp_path / FILE).write_text(rules)
    assert is_installed(rules, [tmp_path / "none", tmp_path])
    (tmp_path / FILE).write_text(rules.replace("0043", "0044"))
    assert not is_installed(rules, [tmp_path])


def test_a_modem_manager_that_the_rules_keep_off_is_no_trouble(tmp_path: Path):
    (tmp_path / "17").mkdir()
    (tmp_path / "17/comm").write_text("ModemManager\n")
    found = [[one.code for one in check_modem_manager(tmp_path, kept_off=off)] for off in (False, True)]
    assert found == [["modem_manager_runs"], ["modem_manager_kept_off"]]
