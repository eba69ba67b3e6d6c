"""The two files that Mosquitto reads: who may connect, and the rules."""

import os
import pwd
from collections.abc import Sequence
from pathlib import Path

from lab_controller.bus.access import Member, format_acl

SERVICE_USER = "mosquitto"


def save_mosquitto_files(folder: Path, rows: Sequence[tuple[Member, str]]) -> None:
    """Write `passwd` and `acl` so that Mosquitto, which leaves root behind, can read them.

    A file that was there keeps its owner and group. Raises PermissionError if only root could keep them.
    """
    if not folder.exists():
        folder.mkdir(parents=True)
        _give(folder, _find_service(), 0o750)
    texts = {
        "passwd": "".join(f"{line}\n" for _, line in rows),
        "acl": format_acl(member for member, _ in rows),
    }
    for name, text in texts.items():
        _replace(folder / name, text)


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    try:
        partial.write_text(text)
        _give(partial, _find_owner(path), 0o640)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _find_owner(path: Path) -> tuple[int, int] | None:
    """Whoever has the file; but what is root's alone Mosquitto could not read."""
    if path.exists():
        there = path.stat()
        if (there.st_uid, there.st_gid) != (0, 0):
            return there.st_uid, there.st_gid
    return _find_service()


def _find_service() -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        return None
    return user.pw_uid, user.pw_gid


def _give(path: Path, owner: tuple[int, int] | None, mode: int) -> None:
    there = path.stat()
    if owner is not None and owner != (there.st_uid, there.st_gid):
        os.chown(path, *owner)
    path.chmod(mode)
