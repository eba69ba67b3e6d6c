"""All tables of the lab: each area's `tables.py`, found by its place."""

import importlib
import importlib.util
import pkgutil

from sqlalchemy import MetaData

import lab_controller
from lab_controller.database.columns import Table


def load_metadata() -> MetaData:
    """Import `lab_controller.<area>.tables` of every area and give the metadata they share."""
    for area in pkgutil.iter_modules(lab_controller.__path__):
        name = f"lab_controller.{area.name}.tables"
        if area.ispkg and importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
    return Table.metadata
