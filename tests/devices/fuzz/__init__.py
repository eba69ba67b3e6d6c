"""Everything that reads bytes from outside, fed with what nobody should send."""

from tests.devices.fuzz import kits, protocols, texts
from tests.devices.fuzz.target import Target


def iter_targets() -> list[Target]:
    """Each once."""
    return [*protocols.iter_targets(), *texts.iter_targets(), *kits.iter_targets()]
