"""Arming a gate: the request is repeated until the board has answered it."""

from typing import Any

from devices.errors import ProtocolError
from devices.protocols.gate import ArmReply, ArmRequest

REPEAT_US = 300_000
TIMES = 5


class Arming:
    """The newest wish counts."""

    def __init__(self) -> None:
        self._request: ArmRequest | None = None
        self._due_us = 0
        self._times = 0

    def wish(self, wanted: dict[str, Any], now_us: int) -> None:
        """`{"armed": bool, "token": str}`. Raises ProtocolError("bad_command")."""
        token, armed = wanted.get("token"), wanted.get("armed")
        is_token = isinstance(token, str) and token.isascii() and token.isalnum() and len(token) <= 8
        if not (isinstance(token, str) and is_token and isinstance(armed, bool)):
            raise ProtocolError("bad_command", node="gate", key="arm")
        self._request, self._due_us, self._times = ArmRequest(armed, token), now_us, 0

    def due(self, now_us: int) -> ArmRequest | None:
        """The request, if it must be said now."""
        if self._request is None or now_us < self._due_us:
            return None
        if self._times == TIMES:
            self._request = None
            return None
        self._times += 1
        self._due_us = now_us + REPEAT_US
        return self._request

    def answer(self, reply: ArmReply) -> None:
        """The board armed or disarmed."""
        if self._request is not None and self._request.token == reply.token:
            self._request = None
