import pytest

from lab_controller.bus.changes import Changes
from lab_controller.clock import ManualClock
from lab_controller.database import Database
from lab_controller.equipment.handler import DeviceHandler
from lab_controller.equipment.pairing import AssetsService, clean_tag
from lab_controller.errors import Conflict, Invalid, NotFound
from lab_controller.people.tables import Account
from tests.lab_controller.inbox import inbound, store


@pytest.fixture
def assets(database: Database, clock: ManualClock) -> AssetsService:
    told = (f"{kit}/$description" for kit in ("uno-1", "uno-2"))
    store(
        database, DeviceHandler(), *(inbound(topic, {"type": "arduino-uno", "name": "Uno"}) for topic in told)
    )
    with database.write() as session:
        for name in ("aigerim", "marat"):
            account = Account(
                id=f"id-{name}",
                login=name,
                name=name.title(),
                language="kk",
                password_hash="",
                active=True,
                created_us=0,
            )
            session.add(account)
    return AssetsService(database, clock, Changes())


def test_a_kit_bears_one_tag_and_a_tag_is_on_one_kit(assets: AssetsService) -> None:
    first = assets.pair(actor="a", tag=" k-1 ", device="uno-1")
    assert (first.tag, first.title, first.kind, first.identity) == ("K-1", "Uno", "arduino-uno", "uno-1")
    with pytest.raises(Conflict) as refused:
        assets.pair(actor="a", tag="K-2", device="uno-1")
    assert refused.value.code == "device_paired"
    with pytest.raises(Conflict) as refused:
        assets.pair(actor="a", tag="K-1", device="uno-2")
    assert refused.value.code == "tag_paired"
    with pytest.raises(NotFound):
        assets.pair(actor="a", tag="K-3", device="uno-9")


def test_a_tag_may_move_to_another_kit_once_it_is_off_the_first(
    assets: AssetsService, clock: ManualClock
) -> None:
    assets.pair(actor="a", tag="K-1", device="uno-1", title="Blue car")
    assert assets.unpair(actor="a", tag="K-1").device is None
    clock.advance(s=5)
    moved = assets.pair(actor="b", tag="K-1", device="uno-2")
    assert (moved.device, moved.title, moved.paired_by, moved.paired_us) == (
        "uno-2",
        "Blue car",
        "b",
        clock.now_us(),
    )


def test_the_same_pair_again_changes_only_what_is_said_of_it(
    assets: AssetsService, clock: ManualClock
) -> None:
    first = assets.pair(actor="a", tag="K-1", device="uno-1")
    clock.advance(s=5)
    again = assets.pair(actor="b", tag="K-1", device="uno-1", title="Red car", note="no battery")
    assert (again.paired_us, again.paired_by) == (first.paired_us, "a")
    assert (again.title, again.note) == ("Red car", "no battery")


def test_one_person_at_a_time_has_it_in_hand(assets: AssetsService, clock: ManualClock) -> None:
    assets.pair(actor="a", tag="K-1", device="uno-1")
    held = assets.hold(actor="a", tag="K-1", login="Aigerim")
    assert (held.holder, held.holder_name, held.held_since_us) == ("id-aigerim", "Aigerim", clock.now_us())
    assert assets.hold(actor="a", tag="K-1", login="aigerim") == held
    with pytest.raises(Conflict) as refused:
        assets.hold(actor="a", tag="K-1", login="marat")
    assert refused.value.code == "asset_held"
    assert assets.give_back(actor="a", tag="K-1").holder is None
    assert assets.hold(actor="a", tag="K-1", login="marat").holder == "id-marat"
    with pytest.raises(NotFound):
        assets.hold(actor="a", tag="K-1", login="nobody")


@pytest.mark.parametrize("tag", ["", " ", "a b", "x" * 33, "a/b", "../x", "a\x00"])
def test_what_is_no_tag_is_refused(tag: str) -> None:
    with pytest.raises(Invalid):
        clean_tag(tag)


def test_a_tag_may_be_written_in_any_letters() -> None:
    assert clean_tag("жинақ-7") == "ЖИНАҚ-7"
