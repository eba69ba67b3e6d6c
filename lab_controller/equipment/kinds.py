"""What people call the kinds of kits and their properties, as each kit's folder says it."""

from collections.abc import Mapping
from functools import cache

from devices.registry import iter_kits

Names = Mapping[str, str]
AGENT = "agent"


@cache
def load_names() -> Mapping[str, Mapping[str, Names]]:
    """By a device's kind: `kit` and each `node/key` to its name in kk, ru and en."""
    return {kit.type: kit.load_translations() for kit in iter_kits()}


@cache
def kit_names() -> Mapping[str, Names]:
    """Every kit's name by language, by the kit's id, as a room's computer is told what is at a port."""
    return {kit.id: kit.load_translations()["kit"] for kit in iter_kits()}


def kind_names(kind: str) -> Names:
    """The kind's name by language; empty for a kind that no kit of ours has."""
    return load_names().get(kind, {}).get("kit", {})


def property_names(kind: str, node: str, prop: str) -> Names:
    return load_names().get(kind, {}).get(f"{node}/{prop}", {})
