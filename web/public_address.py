"""The address under which people reach this lab: printed, scanned, written on a board."""

from fastapi import Request

from web.auth import lab_of


def public_url(request: Request, path: str) -> str:
    """`path` under the lab's public address, or under the one this request came to."""
    base = lab_of(request).settings.public_url or str(request.base_url)
    return base.rstrip("/") + path
