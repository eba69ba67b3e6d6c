"""Runs statements on a board through its raw REPL, as part of a talk."""

from devices.driver import Say
from devices.errors import UploadError
from devices.protocols.raw_repl import (
    ACCEPTED,
    ASK_PASTE,
    END,
    ENTER,
    FRIENDLY,
    INTERRUPT,
    RAW,
    RAW_PROMPT,
    PasteWindow,
    Reply,
    parse_offer,
    parse_reply,
)
from devices.talk import Heard, Pause, Talk, Until

TIMES = 3
STOP_US = 150_000
ENTER_US = 1_500_000
ANSWER_US = 3_000_000
PIECE_BYTES = 128
"""Without a window: half of the smallest buffer of a port, and time to empty it."""
PIECE_US = 8_000
SAID_MAX = 80
TAIL_BYTES = 4096
"""Of what a running program prints, which may be faster than any line."""


class Repl:
    """One board; `run` gives None where no answer came, after which `enter` starts anew."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._pastes = True

    def enter(self, port: str) -> Talk[None]:
        """Stop whatever runs. Raises UploadError: board_silent, sketch_answers."""
        said = b""
        for _ in range(TIMES):
            yield Say(ENTER + INTERRUPT + INTERRUPT)
            yield Until(self._forget_most, STOP_US)
            said += self._heard.take_all()
            yield Say(ENTER + RAW)
            if (yield Until(self._find_prompt, ENTER_US)) is not None:
                return
            said = (said + self._heard.take_all())[-TAIL_BYTES:]
        text = said.decode(errors="replace").strip()
        if not text:
            raise UploadError("board_silent", port=port)
        raise UploadError("sketch_answers", said=text.splitlines()[-1].strip()[-SAID_MAX:])

    def run(self, code: str, within_us: int = ANSWER_US) -> Talk[Reply | None]:
        """What the statements print, and their traceback."""
        self._heard.take_all()
        window = (yield from self._ask_window()) if self._pastes else 0
        if window is None:
            return None
        said = (yield from self._paste(code.encode(), window)) if window else (yield from self._type(code))
        if not said:
            return None
        reply: Reply | None = yield Until(self._find_reply, within_us)
        return reply

    def restart(self, within_us: int) -> Talk[bool]:
        """Forget all variables and modules; `main.py` is not started."""
        yield Say(END)
        return (yield Until(self._find_prompt, within_us)) is not None

    def quit(self) -> Talk[None]:
        """Back to the prompt for people."""
        yield Say(FRIENDLY)
        yield Pause(STOP_US)

    def _ask_window(self) -> Talk[int | None]:
        yield Say(ASK_PASTE)
        found: tuple[int, int] | None = yield Until(lambda: parse_offer(self._heard.data), ANSWER_US)
        if found is None:
            return None
        window, length = found
        self._heard.take(length)
        self._pastes = window > 0
        return window

    def _paste(self, code: bytes, size: int) -> Talk[bool]:
        window = PasteWindow(size)
        while code and not window.ended:
            if window.room <= 0 and not (
                yield Until(lambda: window.hear(self._heard.data) or None, ANSWER_US)
            ):
                return False
            piece, code = code[: window.room], code[window.room :]
            window.room -= len(piece)
            if piece:
                yield Say(piece)
            window.hear(self._heard.data)
        yield Say(END)
        while not window.ended:
            if not (yield Until(lambda: window.hear(self._heard.data) or None, ANSWER_US)):
                return False
        return True

    def _type(self, code: str) -> Talk[bool]:
        data = code.encode()
        for at in range(0, len(data), PIECE_BYTES):
            yield Say(data[at : at + PIECE_BYTES])
            yield Pause(PIECE_US)
        yield Say(END)
        answer: bytes | None = yield Until(lambda: self._heard.take(len(ACCEPTED)), ANSWER_US)
        return answer == ACCEPTED

    def _find_prompt(self) -> bool | None:
        found = self._heard.take_line(RAW_PROMPT) is not None
        if not found:
            self._forget_most()
        return found or None

    def _forget_most(self) -> None:
        del self._heard.data[:-TAIL_BYTES]

    def _find_reply(self) -> Reply | None:
        found = parse_reply(self._heard.data)
        if found is None:
            return None
        reply, length = found
        self._heard.take(length)
        return reply
