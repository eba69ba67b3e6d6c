"""One question at a time, as a brain takes no more."""

from collections import deque

from devices.driver import Say
from devices.protocols.vex import Packet, format_question

ANSWER_US = 1_000_000


class Asking:
    """Questions that wait for their turn; an equal one waits once."""

    def __init__(self) -> None:
        self._waiting: deque[Packet] = deque()
        self._asked: Packet | None = None
        self._until_us = 0

    def clear(self) -> None:
        """Forget them all."""
        self._waiting.clear()
        self._asked = None

    def want(self, *questions: Packet) -> None:
        """Ask when those before are answered."""
        for question in questions:
            if question not in self._waiting and question != self._asked:
                self._waiting.append(question)

    def hurry(self, question: Packet) -> None:
        """Ask before all that wait."""
        self._waiting.appendleft(question)

    def next(self, now_us: int) -> list[Say]:
        """What is to be said now; a question that nobody answered is given up."""
        if self._asked is not None and now_us >= self._until_us:
            self._asked = None
        if self._asked is not None or not self._waiting:
            return []
        self._asked, self._until_us = self._waiting.popleft(), now_us + ANSWER_US
        return [Say(format_question(self._asked))]

    def answered(self, answer: Packet) -> Packet | None:
        """The question to which this is the answer."""
        asked = self._asked
        if asked is None or type(asked) is not type(answer) or asked.command != answer.command:
            return None
        self._asked = None
        return asked
