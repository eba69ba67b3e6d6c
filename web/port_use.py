"""What a person says of a port, as the room's computer is told it."""

from lab_controller.canonical import canonical_json
from lab_controller.equipment.kinds import kit_names
from lab_controller.errors import Invalid
from web.languages import pick_name


def format_use(port: str, use: str, kit: str = "") -> bytes:
    """`kit` says which one is there. Raises Invalid for one that nobody knows, or that `use` denies."""
    if kit and (use != "kit" or kit not in kit_names()):
        raise Invalid("bad_command", kit=kit[:64])
    return canonical_json({"port": port, "use": use} | ({"kit": kit} if kit else {})).encode()


def name_kits(language: str) -> list[tuple[str, str]]:
    """Ids and names of all kits, by name."""
    named = ((kit, pick_name(dict(names), language) or kit) for kit, names in kit_names().items())
    return sorted(named, key=lambda each: each[1].casefold())
