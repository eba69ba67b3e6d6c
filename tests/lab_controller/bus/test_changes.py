import asyncio
import threading

from lab_controller.bus.changes import DEVICES, Changes, championship_key


async def test_a_subscriber_hears_of_its_keys_only() -> None:
    changes = Changes()
    with changes.subscribe("championship:cup", DEVICES) as subscription:
        changes.announce([championship_key("cup"), championship_key("other")])
        assert await subscription.next() == {"championship:cup"}


async def test_changes_during_a_slow_look_are_told_once_and_none_is_lost() -> None:
    changes = Changes()
    with changes.subscribe("a", "b") as subscription:
        for _ in range(1000):
            changes.announce(["a"])
        changes.announce(["b"])
        assert await subscription.next() == {"a", "b"}
        changes.announce(["a"])
        assert await subscription.next() == {"a"}


async def test_a_thread_may_announce() -> None:
    changes = Changes()
    with changes.subscribe("a") as subscription:
        threading.Thread(target=changes.announce, args=(["a"],)).start()
        async with asyncio.timeout(5):
            assert await subscription.next() == {"a"}


async def test_other_workers_are_told_once_of_each_key_and_not_told_back() -> None:
    changes, told = Changes(), []
    changes.forward = told.append
    changes.announce(["a", "b", "a"])
    changes.announce([])
    changes.announce_here(["c"])
    assert told == [["a", "b"]]


async def test_a_reader_that_left_is_forgotten() -> None:
    changes = Changes()
    with changes.subscribe("a") as subscription:
        pass
    changes.announce(["a"])
    assert not subscription._something.is_set()
