"""Finds every router: one in each module of web/pages, web/api and web/live."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from fastapi import APIRouter


def iter_routers(package: ModuleType) -> Iterator[APIRouter]:
    """The `router` of each module in `package`, in alphabetical order."""
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        router = getattr(import_module(f"{package.__name__}.{module.name}"), "router", None)
        if isinstance(router, APIRouter):
            yield router
