"""Every kind of device: the folders of `devices/kits` and what other packages bring."""

import importlib
import logging
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points

import devices.kits
from devices.kit import Kit

ENTRY_POINTS = "lab_controller.kits"

log = logging.getLogger(__name__)


def iter_kits() -> Iterator[Kit]:
    """Built-in kits by name, then installed ones; a package that cannot be imported is left out."""
    for module in sorted(pkgutil.iter_modules(devices.kits.__path__), key=lambda found: found.name):
        yield importlib.import_module(f"devices.kits.{module.name}").KIT
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            kit = entry.load()
        except (ImportError, AttributeError) as error:
            log.warning("kit %s cannot be loaded: %s", entry.name, error)
            continue
        if isinstance(kit, Kit):
            yield kit
        else:
            log.warning("entry point %s is no kit", entry.name)
