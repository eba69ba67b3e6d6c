"""Addresses that may be followed."""

from urllib.parse import urlsplit


def own_path(address: str) -> str:
    """`address` if it is a path on this host, else nothing: nobody is led away after signing in."""
    parts = urlsplit(address.replace("\\", "/")) if address.isprintable() else urlsplit("")
    is_own = (
        not parts.scheme
        and not parts.netloc
        and parts.path.startswith("/")
        and not parts.path.startswith("//")
    )
    return address if is_own else ""
