"""A talk is data in, steps out: every wait, reset and cancellation without a clock or a line."""

from devices.driver import Say
from devices.errors import UploadError
from devices.talk import Heard, Pause, Progress, Reset, Talk, TalkRunner, Until


def ask(heard: Heard) -> Talk[bytes]:
    """Ask twice for three bytes, then give up; after a cancellation say good-bye."""
    yield Progress("syncing")
    try:
        for _ in range(2):
            yield Say(b"?")
            answer = yield Until(lambda: heard.take(3), 100)
            if answer is not None:
                return answer
    except UploadError:
        yield Say(b"bye")
        raise
    raise UploadError("board_silent")


def test_an_answer_in_pieces_is_one_answer():
    runner = TalkRunner(ask)
    assert runner.start(0) == [Progress("syncing"), Say(b"?")]
    assert runner.received(b"a", 10) == []
    assert runner.received(b"bcd", 20) == []
    assert (runner.ended, runner.result, bytes(runner.heard.data)) == (True, b"abc", b"d")


def test_silence_is_asked_again_and_then_told():
    runner = TalkRunner(ask)
    runner.start(0)
    assert runner.tick(99) == []
    assert runner.tick(100) == [Say(b"?")]
    assert runner.tick(200) == []
    assert runner.ended
    assert runner.error is not None
    assert runner.error.code == "board_silent"


def test_a_cancelled_talk_may_still_say_good_bye():
    runner = TalkRunner(ask)
    runner.start(0)
    assert runner.cancel(5) == [Say(b"bye")]
    assert runner.error is not None
    assert runner.error.code == "cancelled"
    assert runner.cancel(6) == []


def test_a_reset_ends_the_round_so_that_no_old_byte_is_taken_for_an_answer():
    def talk(heard: Heard) -> Talk[bytes | None]:
        yield Reset()
        yield Pause(50)
        answer = yield Until(lambda: heard.take(1), 10)
        return answer

    runner = TalkRunner(talk)
    assert runner.start(0) == [Reset()]
    runner.tick(0)
    assert runner.tick(49) == []
    runner.tick(50)
    runner.received(b"x", 51)
    assert runner.result == b"x"


def test_a_device_that_floods_fails_the_talk_and_not_the_lab():
    runner = TalkRunner(ask)
    runner.start(0)
    runner._waiting = Until(lambda: None, 1_000_000)
    for at in range(17):
        runner.received(bytes(65536), at)
    assert runner.error is not None
    assert runner.error.code == "device_floods"


def test_a_talk_that_throws_away_what_it_does_not_want_is_not_flooded():
    def talk(heard: Heard) -> Talk[bytes]:
        yield Until(heard.data.clear, 100)
        return heard.take_all()

    runner = TalkRunner(talk)
    runner.start(0)
    for at in range(40):
        runner.received(bytes(65536), at)
    assert not runner.ended
    runner.received(b"x", 100)
    assert (runner.error, runner.result) == (None, b"")
