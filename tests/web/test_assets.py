"""A checkout and a wheel carry their JavaScript and their catalogues, with no Node on the machine."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from web.rendering import DIST, load_manifest

ROOT = Path(__file__).parents[2]
NEEDED = (
    "pyproject.toml",
    "build_assets.py",
    "package.json",
    "package-lock.json",
    ".npmrc",
    "README.md",
    "LICENSE",
)


def test_every_source_has_its_bundle_and_nothing_else_is_left() -> None:
    sources = {
        path.name for path in (ROOT / "web/assets").iterdir() if path.suffix in {".js", ".css", ".svg"}
    }
    bundles = load_manifest()
    assert set(bundles) == sources
    assert {path.name for path in DIST.iterdir() if path.suffix in {".js", ".css", ".svg"}} == set(
        bundles.values()
    )


def test_fonts_have_the_letters_of_kazakh_and_come_from_this_host() -> None:
    sheet = (DIST / load_manifest()["base.css"]).read_text()
    assert sheet.count("@font-face") == 6
    assert "onest-cyrillic-ext" in sheet
    assert "http" not in sheet


def test_the_lock_names_no_address() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, about in packages.items() if "resolved" in about] == []
    assert all("integrity" in about for name, about in packages.items() if name)


@pytest.mark.slow
def test_a_wheel_is_built_without_node_and_carries_everything(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in NEEDED:
        tree.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    skip = shutil.ignore_patterns("__pycache__", "dist", "*.mo", "build", "screenshots")
    for name in ("web", "lab_controller", "devices", "competitions", "firmware_samples", "docs"):
        shutil.copytree(ROOT / name, tree / name, ignore=skip)
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path),
        str(tree),
    ]
    without_node = os.environ | {"PATH": str(tmp_path)}
    subprocess.run(command, env=without_node, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    manifest = json.loads(zipfile.ZipFile(wheel).read("web/assets/dist/manifest.json"))
    assert manifest == load_manifest()
    assert {f"web/assets/dist/{name}" for name in manifest.values()} <= names
    assert {f"web/locales/{language}/LC_MESSAGES/messages.mo" for language in ("kk", "ru", "en")} <= names
    shared = {name.partition(".data/data/share/lab-controller/")[2] for name in names}
    assert {"docs/settings.md", "docs/systemd/lab.service", "docs/mosquitto/mosquitto.conf"} <= shared
    assert "firmware_samples/arduino/timing_gate/timing_gate.ino" in shared
