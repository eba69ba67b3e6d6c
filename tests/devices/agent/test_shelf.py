"""What the agent keeps on its disk, and a disk that fails it."""

from pathlib import Path

import pytest

from devices.agent.shelf import Contents, KeptItem, Shelf

ITEM = KeptItem("gate-a1b2c3", "5f3a", 1, "lab/5/gate-a1b2c3/gate/passage", "{}")


async def written(path: Path) -> None:
    shelf = Shelf(path, lambda trouble: None)
    await shelf.open()
    shelf.put(ITEM)
    shelf.remember(ITEM.device, "timing_gate")
    shelf.note("0badcafe", "baud", "57600")
    await shelf.close()


async def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    await written(tmp_path / "a.sqlite3")
    shelf = Shelf(tmp_path / "a.sqlite3", lambda trouble: None)
    assert await shelf.open() == Contents(
        [ITEM], {ITEM.device: "timing_gate"}, {"0badcafe": {"baud": "57600"}}
    )
    await shelf.close()


@pytest.mark.parametrize("harm", [b"no database at all", None], ids=["overwritten", "holes"])
async def test_a_damaged_file_is_set_aside_and_the_room_goes_on(tmp_path: Path, harm: bytes | None) -> None:
    path = tmp_path / "a.sqlite3"
    await written(path)
    path.write_bytes(harm or path.read_bytes()[:4096] + bytes(8192))
    shelf = Shelf(path, lambda trouble: None)
    assert await shelf.open() == Contents([], {}, {})
    shelf.put(ITEM)
    await shelf.close()
    assert (tmp_path / "a.sqlite3.damaged").exists()
    again = Shelf(path, lambda trouble: None)
    assert (await again.open()).items == [ITEM]
    await again.close()
