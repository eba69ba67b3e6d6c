"""Every kit keeps what the house asks of a kit."""

from pathlib import Path

import pytest

from devices.kit import Kit
from devices.registry import iter_kits
from tests.devices import conformance
from tests.devices.conformance import Captured

KITS = list(iter_kits())
CAPTURES = [(kit, path) for kit in KITS for path in conformance.captures(kit)]

every_kit = pytest.mark.parametrize("kit", KITS, ids=lambda kit: kit.id)
every_capture = pytest.mark.parametrize(
    ("kit", "path"), CAPTURES, ids=[f"{kit.id}-{path.stem}" for kit, path in CAPTURES]
)


@every_capture
def test_a_capture_is_understood_whole(kit: Kit, path: Path):
    conformance.check_whole(kit, Captured(path))


@every_capture
def test_a_capture_is_understood_byte_by_byte(kit: Kit, path: Path):
    conformance.check_byte_by_byte(kit, Captured(path))


@every_capture
def test_a_corrupt_byte_never_makes_a_value(kit: Kit, path: Path):
    conformance.check_corrupt(kit, Captured(path))


@pytest.mark.slow
@every_kit
async def test_a_kit_comes_back_after_its_cable_was_pulled(kit: Kit):
    await conformance.check_unplug_and_return(kit)


@every_kit
def test_readings_have_units_and_names_in_three_languages(kit: Kit):
    conformance.check_readings(kit)


@every_kit
def test_ids_are_fit_for_topics(kit: Kit):
    conformance.check_description(kit)


@every_kit
def test_a_kit_says_what_was_never_tried(kit: Kit):
    conformance.check_quality(kit)


def test_the_timing_gate_is_among_the_kits():
    assert "timing_gate" in {kit.id for kit in KITS}
