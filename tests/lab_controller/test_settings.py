import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from lab_controller.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"


def documented() -> dict[str, str]:
    rows = re.findall(r"^\| `LAB_([A-Z0-9_]+)` \| `?([^`|]+?)`? \|", DOCUMENT.read_text(), re.MULTILINE)
    return {name.lower(): default for name, default in rows}


def default_text(name: str) -> str:
    value = Settings.model_fields[name].get_default(call_default_factory=True)
    if isinstance(value, Path):
        return f"~/{value.relative_to(Path.home())}"
    if value == "":
        return "empty"
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_setting_is_documented_with_its_default() -> None:
    assert documented() == {name: default_text(name) for name in Settings.model_fields}


def test_a_setting_comes_from_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LAB_ROOM", "room-204")
    settings = Settings()
    assert (settings.room, settings.store_url) == ("room-204", f"sqlite:///{tmp_path}/lab.sqlite3")


@pytest.mark.parametrize(
    ("name", "value"),
    [("LAB_PORT", "70000"), ("LAB_ROOM", "Room 1"), ("LAB_LOG_FORMAT", "xml"), ("LAB_SESSION_DAYS", "0")],
)
def test_a_value_that_cannot_be_right_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()
