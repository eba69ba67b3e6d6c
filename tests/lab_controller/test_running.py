"""What docs/running.md and its files for systemd ask for is what the lab has."""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from lab_controller.cli import app
from lab_controller.documents import find_document
from lab_controller.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "systemd"
UNITS = sorted([*FOLDER.glob("*.service"), *FOLDER.glob("*.timer")])
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
PROGRAM = "/opt/lab/bin/lab"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def read_unit(unit: Path) -> dict[str, list[str]]:
    """Every value of every key; no key is in two sections."""
    told: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        key, is_key, value = line.partition("=")
        if is_key and not line.startswith("#"):
            told.setdefault(key, []).append(value)
    return told


def read_settings() -> dict[str, str]:
    """As both systemd and a shell read the file."""
    lines = [line for line in (FOLDER / "lab-controller.env").read_text().splitlines() if line[0] != "#"]
    told = [re.fullmatch(r"(LAB_[A-Z_]+)='([^'\\]*)'", line) for line in lines]
    return {each[1]: each[2] for each in told if each} if all(told) else {}


def check_command(words: list[str]) -> None:
    """Raises what the command line raises for a command or an option that is not there."""
    command = get_command(app)
    context = command.make_context("lab", words[:1], resilient_parsing=True)
    while hasattr(command, "get_command"):
        name, *words = words
        command = command.get_command(context, name)
        assert command is not None, name
    command.make_context("lab", words)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_starts_a_command_of_the_lab(unit: Path) -> None:
    (start,) = read_unit(unit)["ExecStart"]
    words = shlex.split(start)
    check_command(words[words.index(PROGRAM) + 1 :])


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_every_service_has_the_same_account_settings_and_folder(unit: Path) -> None:
    told = read_unit(unit)
    settings = read_settings()
    assert told["User"] == ["lab"]
    assert told["EnvironmentFile"][0] == "/etc/lab-controller.env"
    assert [f"/var/lib/{folder}" for folder in told["StateDirectory"]] == [settings["LAB_DATA_DIR"]]
    for text in told.get("ExecStartPost", []):
        assert f"{settings['LAB_DATA_DIR']}/backups" in shlex.split(text)


def test_what_runs_for_ever_is_started_anew_but_not_with_a_wrong_setting() -> None:
    lasting = [
        read_unit(FOLDER / name) for name in ("lab.service", "lab-agent.service", "lab-worker@.service")
    ]
    assert [told["Restart"] for told in lasting] == [["on-failure"]] * 3
    assert [told["RestartPreventExitStatus"] for told in lasting] == [["2"]] * 3


@pytest.mark.parametrize("name", ["lab.service", "lab-agent.service"])
def test_who_holds_ports_sees_them(name: str) -> None:
    told = read_unit(FOLDER / name)
    assert told["SupplementaryGroups"] == ["dialout"]
    assert not {"PrivateDevices", "DeviceAllow", "DevicePolicy"} & set(told)


def test_the_settings_of_the_service_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in read_settings().items():
        monkeypatch.setenv(name, value)
    assert str(Settings().store_url) == "sqlite:////var/lib/lab-controller/lab.sqlite3"


def test_every_setting_that_is_named_is_one() -> None:
    known = {f"LAB_{name.upper()}" for name in Settings.model_fields} | {"LAB_URL", "LAB_TOKEN"}
    for page in (*PAGES, *FOLDER.iterdir()):
        assert set(re.findall(r"\bLAB_[A-Z][A-Z_]*[A-Z]\b", page.read_text())) <= known, page.name


def test_every_command_that_is_to_be_typed_is_one() -> None:
    typed = re.findall(r"^    sudo lab (.+)$", (ROOT / "docs/running.md").read_text(), re.MULTILINE)
    assert len(typed) > 5
    for line in typed:
        check_command(shlex.split(line))


def test_the_command_of_the_service_is_a_shell_script() -> None:
    subprocess.run(["sh", "-n", FOLDER / "lab.sh"], check=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_a_wheel_brings_the_documents_that_messages_name(tmp_path: Path) -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    shared = build["targets"]["wheel"]["shared-data"]
    assert [source for source in shared if not (ROOT / source).exists()] == []
    assert shared["docs/settings.md"] == "share/lab-controller/docs/settings.md"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/settings.md").touch()
    assert find_document("settings.md", (tmp_path / "none", tmp_path)) == tmp_path / "docs/settings.md"
    assert find_document("settings.md") == ROOT / "docs/settings.md"


def test_a_wrong_setting_is_told_with_the_document_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_PORT", "high")
    told = CliRunner().invoke(app, ["migrate"]).output
    assert Path(told.strip().rpartition("; see ")[2]).read_text().startswith("# Settings")


def test_help_ends_with_the_document_of_the_settings() -> None:
    told = CliRunner().invoke(app, ["--help"], terminal_width=40).output
    assert Path(told.splitlines()[-1].strip()).read_text().startswith("# Settings")
