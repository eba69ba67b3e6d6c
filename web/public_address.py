"""The address under which people reach this lab: printed, scanned, written on a board."""

from typing import Literal

from fastapi import Request

from lab_controller.network import find_lan_address, is_loopback
from web.auth import lab_of

Hindrance = Literal["", "local", "offline"]


def public_url(request: Request, path: str) -> str:
    """`path` under the address that others can open; empty if nobody but this machine can.

    That is the one from the settings, else the one this request came to, unless it means the machine itself.
    """
    base = lab_of(request).settings.public_url or _reached_at(request)
    return base.rstrip("/") + path if base else ""


def name_hindrance(request: Request) -> Hindrance:
    """Why `public_url` is empty: the lab listens to its own machine alone, or that is in no network."""
    if public_url(request, "/"):
        return ""
    return "local" if is_loopback(lab_of(request).settings.host) else "offline"


def _reached_at(request: Request) -> str:
    if not is_loopback(request.url.hostname or ""):
        return str(request.base_url)
    address = None if is_loopback(lab_of(request).settings.host) else find_lan_address()
    return str(request.base_url.replace(hostname=address)) if address else ""
