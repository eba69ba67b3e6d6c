import contextlib
import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lab_controller.backups import restore_backup, save_backup
from lab_controller.bus.access import Kind, Member
from lab_controller.cli import app
from lab_controller.clock import SteadyClock
from lab_controller.database import Database
from lab_controller.errors import Conflict
from lab_controller.people import PeopleService
from lab_controller.settings import Settings
from lab_controller.upkeep import audit_step


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("LAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LAB_LOG_LEVEL", "error")
    monkeypatch.setenv("LAB_ARGON2_MEMORY_KIB", "8")
    monkeypatch.setenv("LAB_ARGON2_PARALLELISM", "1")
    return tmp_path / "data"


def run(*arguments: str, status: int = 0) -> str:
    result: Result = CliRunner().invoke(app, arguments)
    assert result.exit_code == status, result.output
    return result.output


def test_help_lists_every_command_without_reading_one() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from lab_controller.cli import app;"
        "print(CliRunner().invoke(app, ['--help']).output);"
        "print('HEAVY', sorted({'sqlalchemy', 'fastapi', 'amqtt', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ") and line.split()}
    commands = {
        *("agent", "backup", "broker-users", "demo", "doctor", "migrate", "rebuild"),
        *("restore", "serve", "standings", "user", "verify"),
        *("console", "devices", "upload"),
    }
    assert commands <= listed
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_PORT", "high")
    assert "LAB_PORT" in run("migrate", status=2)


def test_an_account_made_on_the_console_can_sign_in() -> None:
    said = run("user", "add", "marat", "--role", "admin", "--role", "judge@championship:cup")
    password = said.rpartition(" ")[2].strip()
    assert run("user", "list") == "marat\tmarat\tadmin@city, judge@championship:cup\n"
    settings = Settings()
    people = PeopleService(Database(settings.store_url), SteadyClock(), settings)
    assert people.sign_in("marat", password, "192.0.2.1")


def test_an_unknown_role_makes_no_account() -> None:
    assert "role_unknown" in run("user", "add", "marat", "--role", "king", status=1)
    assert run("user", "list") == ""


def test_broker_accounts_are_exported_for_mosquitto(tmp_path: Path) -> None:
    for name in ("gate-a1b2c3", "agent-room-1", "lab-hub-0"):
        run("broker-users", "add", name)
    run("broker-users", "remove", "agent-room-1")
    assert "broker_username_invalid" in run("broker-users", "add", "Gate 1", status=1)
    said = run("broker-users", "export", str(tmp_path / "mosquitto"))
    assert said.startswith(f"2 accounts of sqlite:///{tmp_path / 'data' / 'lab.sqlite3'} in ")
    lines = (tmp_path / "mosquitto" / "passwd").read_text().splitlines()
    assert [line.partition(":$7$")[0] for line in lines] == ["gate-a1b2c3", "lab-hub-0"]
    assert "user lab-hub-0" in (tmp_path / "mosquitto" / "acl").read_text()
    assert Member("lab-hub-0", Kind.HUB).may_publish("lab/5/gate-a1b2c3/gate/arm/set")


def test_an_export_without_accounts_names_the_database_that_has_none(home: Path, tmp_path: Path) -> None:
    said = run("broker-users", "export", str(tmp_path / "mosquitto"), status=1)
    assert f"no accounts in sqlite:///{home / 'lab.sqlite3'}, so nothing was written" in said
    assert not (tmp_path / "mosquitto").exists()


@pytest.mark.parametrize(
    ("url", "password", "option", "holds"),
    [
        ("", "", None, True),
        ("", "", "--no-agent", False),
        ("mqtt://broker:1883", "", None, True),
        ("mqtt://lab-hub-0:secret@broker:1883", "", None, False),
        ("mqtt://lab-hub-0:secret@broker:1883", "", "--no-agent", False),
        ("mqtt://lab-hub-0:secret@broker:1883", "another", None, True),
        ("mqtt://lab-hub-0:secret@broker:1883", "another", "--agent", True),
    ],
)
def test_the_hub_holds_the_ports_if_its_agent_has_an_account_of_its_own(
    monkeypatch: pytest.MonkeyPatch, url: str, password: str, option: str | None, holds: bool
) -> None:
    held = []

    async def serve(_: Settings, *, agent: bool) -> None:
        held.append(agent)

    monkeypatch.setattr("lab_controller.cli.serve.run", serve)
    monkeypatch.setattr("lab_controller.cli._stopping.end_like_ctrl_c", lambda: None)
    monkeypatch.setenv("LAB_MQTT_URL", url)
    monkeypatch.setenv("LAB_MQTT_AGENT_PASSWORD", password)
    said = run("serve", *([option] if option else []))
    assert (held, "ports are not held" in said) == ([holds], not holds and option is None)


def test_a_hub_that_cannot_hold_the_ports_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_MQTT_URL", "mqtt://lab-hub-0:secret@broker:1883")
    said = run("serve", "--agent", status=2)
    assert "`lab broker-users add agent-room-1` and set LAB_MQTT_AGENT_PASSWORD" in said
    monkeypatch.setenv("LAB_MQTT_URL", "tcp:somewhere")
    assert "must be like mqtt://broker.school:1883" in run("serve", status=2)


def test_a_backup_is_checked_and_restores_what_was_there(home: Path, tmp_path: Path) -> None:
    run("user", "add", "before", "--password", "password 1")
    file = tmp_path / "lab.backup"
    assert "1 audit records and 0 championship logs verified" in run("backup", str(file))
    run("user", "add", "after", "--password", "password 2")
    assert "backup_exists" in run("backup", str(file), status=1)
    said = run("restore", "--yes", str(file))
    assert "1 audit records and 0 championship logs verified. The database before it is" in said
    assert "replaced-1" in said
    assert run("user", "list") == "before\tbefore\t-\n"
    kept = sqlite3.connect(home / "lab.sqlite3.replaced-1")
    assert kept.execute("SELECT count(*) FROM accounts").fetchone() == (2,)


def test_a_restore_asks_first() -> None:
    run("user", "add", "marat", "--password", "password 1")
    file = run("backup").partition(":")[0]
    result = CliRunner().invoke(app, ["restore", file], input="n\n")
    assert result.exit_code == 1
    assert "Replace the lab's database" in result.output


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:4096],
        lambda data: data[:8192] + bytes(4096) + data[12288:],
        lambda data: b"not a database",
        lambda data: data.replace(b"account_created", b"account_removed"),
    ],
)
def test_a_damaged_backup_is_refused_and_replaces_nothing(tmp_path: Path, damage: object) -> None:
    run("user", "add", "marat", "--password", "password 1")
    file = tmp_path / "lab.backup"
    run("backup", str(file))
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    run("restore", "--yes", str(file), status=1)
    assert run("user", "list") == "marat\tmarat\t-\n"


@pytest.mark.peer
def test_a_backup_of_the_other_database_is_refused_before_anything_is_moved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    from tests.peers import postgres

    url = postgres.migrated_database()
    monkeypatch.setenv("PATH", postgres.programs(), prepend=":")
    dump = save_backup(url, tmp_path / "lab.pgdump").path
    run("user", "add", "marat", "--password", "password 1")
    file = tmp_path / "lab.backup"
    run("backup", str(file))
    assert "backup_of_other_database" in run("restore", "--yes", str(dump), status=1)
    assert run("user", "list") == "marat\tmarat\t-\n"
    assert not list(home.glob("*.replaced-*"))
    with pytest.raises(Conflict) as raised:
        restore_backup(url, file)
    assert (raised.value.params["found"], raised.value.params["wanted"]) == ("SQLite", "PostgreSQL")
    postgres.drop_database(url)


@pytest.mark.parametrize(
    ("terminal", "told"),
    [
        ("C.UTF-8", "This backup is of a newer lab. Update the lab, then restore it. [backup_of_newer_lab]"),
        ("ru_RU.UTF-8", "Обновите систему, затем восстанавливайте. [backup_of_newer_lab]"),
        ("kk_KZ.UTF-8", "Зертхана жүйесін жаңартып, содан кейін қалпына келтіріңіз. [backup_of_newer_lab]"),
    ],
)
def test_what_went_wrong_is_told_in_the_language_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, terminal: str, told: str
) -> None:
    run("user", "add", "marat", "--password", "password 1")
    file = tmp_path / "lab.backup"
    run("backup", str(file))
    with contextlib.closing(sqlite3.connect(file)) as backup:
        backup.execute("UPDATE alembic_version SET version_num = '9999'")
        backup.commit()
    monkeypatch.setenv("LANG", terminal)
    assert told in run("restore", "--yes", str(file), status=1)


def test_the_doctor_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "run `lab migrate`" in run("doctor")
    run("migrate")
    monkeypatch.setenv("LAB_SERIAL_PORTS", "/dev/ttyGONE")
    said = run("doctor")
    assert "a commit takes" in said
    assert "/dev/ttyGONE is not there" in said
    found = json.loads(run("doctor", "--json"))
    assert {"check", "level", "code", "params"} == set(found[0])


def test_the_doctor_warns_of_tools_that_some_kits_need_and_does_not_fail_for_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    avrdude = tmp_path / "avrdude"
    avrdude.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    said = run("doctor")
    assert f"ok    tools          {avrdude} puts programs onto an Arduino Mega, Leonardo or Micro" in said
    assert "WARN  tools          no nbc: a LEGO NXT takes no .nxc and .nbc sources" in said


def test_the_doctor_tells_that_the_clock_was_changed_while_the_lab_ran() -> None:
    run("migrate")
    assert "clock was changed" not in run("doctor")
    wall = [time.time_ns()]
    clock = SteadyClock(lambda: wall[0], lambda: 0)
    wall[0] -= 3_600_000_000_000
    database = Database(Settings().store_url)
    step_us = clock.observe_step_us()
    assert step_us is not None
    audit_step(clock, database, step_us)
    database.close()
    assert "the host's clock was changed by -3600 s" in run("doctor")


def test_the_doctor_tells_that_records_were_ahead_of_the_clock_when_the_lab_started() -> None:
    run("migrate")
    database = Database(Settings().store_url)
    audit_step(SteadyClock(), database, -86_400_000_000, ["audit/17"])
    database.close()
    said = run("doctor")
    assert "its newest record was 86400 s ahead of the host's clock" in said
    assert "clock was changed" not in said


def test_the_doctor_fails_when_the_broker_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_MQTT_URL", "mqtt://127.0.0.1:1")
    assert "broker_refuses" in run("doctor", "--json", status=1)
    monkeypatch.setenv("LAB_MQTT_URL", "tcp:somewhere")
    assert "must be like mqtt://broker:1883" in run("doctor", status=1)
