"""udev rules for the kits: whoever sits at this computer may use them, and nothing takes them for modems."""

from collections.abc import Iterable
from pathlib import Path

from devices.kit import Kit

FILE = "60-lab-kits.rules"
FOLDERS = (Path("/etc/udev/rules.d"), Path("/usr/local/lib/udev/rules.d"), Path("/usr/lib/udev/rules.d"))
HEAD = f"""\
# USB devices of the lab's kits, for a computer whose user opens them without being in the group dialout.
# Install: lab doctor --udev | sudo tee /etc/udev/rules.d/{FILE} && sudo udevadm control --reload
# Then plug the kits in anew.
ACTION=="remove", GOTO="lab_kits_end"
SUBSYSTEM!="tty|usb|hidraw", GOTO="lab_kits_end"
"""
TAIL = 'LABEL="lab_kits_end"\n'


def format_rules(kits: Iterable[Kit]) -> str:
    """One rule for each USB identity, below the names of the kits that have it."""
    owners: dict[tuple[int, int], list[str]] = {}
    for kit in kits:
        name = kit.load_translations()["kit"]["en"]
        for vid, pid in dict.fromkeys((match.vid, match.pid) for match in kit.usb):
            owners.setdefault((vid, pid), []).append(name)
    rules = (
        f"# {', '.join(names)}\n"
        f'ATTRS{{idVendor}}=="{vid:04x}", ATTRS{{idProduct}}=="{pid:04x}", '
        'TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"\n'
        for (vid, pid), names in sorted(owners.items())
    )
    return HEAD + "".join(rules) + TAIL


def is_installed(rules: str, folders: Iterable[Path] = FOLDERS) -> bool:
    """Whether the first file of this name has every one of these rules."""
    for folder in folders:
        try:
            installed = (folder / FILE).read_text().splitlines()
        except OSError:
            continue
        wanted = [line for line in rules.splitlines() if not line.startswith("#")]
        return set(wanted) <= set(installed)
    return False
