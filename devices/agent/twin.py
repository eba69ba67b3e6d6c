"""A device as the bus sees it: Homie 5 topics of its state, description, values and alerts."""

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from devices.errors import Param

ROOT = "lab/5"
REFRESH_US = 500_000
"""A retained value is published at most twice a second."""

State = Literal["init", "ready", "disconnected", "lost"]


class Publish(Protocol):
    """How a twin speaks: nothing is returned, delivery is the transport's business."""

    def __call__(self, topic: str, payload: str, *, retain: bool, qos: int = 1) -> None:
        """Put a message on the bus."""
        ...


class Twin:
    """Keeps what is retained, so that a broker that lost everything hears it again."""

    def __init__(
        self,
        device: str,
        publish: Publish,
        is_online: Callable[[], bool],
        *,
        kind: str,
        nodes: Mapping[str, Any],
        root: str | None = None,
        alerts: tuple[str, ...] = (),
    ) -> None:
        self.device = device
        self.state: State = "init"
        self._publish = publish
        self._is_online = is_online
        self._kind = kind
        self._nodes: dict[str, Any] = dict(nodes)
        self._root = root
        self._alerts: dict[str, str] = dict.fromkeys(alerts, "")
        self._values: dict[tuple[str, str], str] = {}
        self._due_us: dict[tuple[str, str], int] = {}
        self._pauses_us: dict[tuple[str, str], int] = {}
        self._stale: set[tuple[str, str]] = set()

    @property
    def online(self) -> bool:
        """Whether anybody would hear a word of now."""
        return self._is_online()

    def announce(self) -> None:
        """Say everything that is retained."""
        state = self.state
        self._say("$state", "init")
        self._say("$description", json.dumps(self._description()))
        for (node, key), value in self._values.items():
            self._say(f"{node}/{key}", value)
        for name, payload in self._alerts.items():
            self._say(f"$alert/{name}", payload)
        self._stale.clear()
        self._say("$state", state)

    def set_state(self, state: State) -> None:
        """Said at once."""
        if self.state != state:
            self.state = state
            if self._is_online():
                self._say("$state", state)

    def describe(self, node: str, shapes: Mapping[str, Mapping[str, Any]]) -> None:
        """Add properties of a node; what is retained already is not said again."""
        home = self._nodes.setdefault(node, {"name": node, "type": node, "properties": {}})
        if not shapes.keys() <= home["properties"].keys():
            home["properties"] |= {key: dict(shape) for key, shape in shapes.items()}
            if self._is_online():
                self._say("$state", "init")
                self._say("$description", json.dumps(self._description()))
                self._say("$state", self.state)

    def knows(self, node: str, key: str) -> bool:
        """Whether the description has this property."""
        return node in self._nodes and key in self._nodes[node]["properties"]

    def retains(self, node: str, key: str) -> bool:
        """Whether it is a value, of which only the last counts, and not an event."""
        return bool(self._nodes[node]["properties"][key]["retained"])

    def count(self, node: str) -> int:
        """How many properties a node has."""
        return len(self._nodes[node]["properties"]) if node in self._nodes else 0

    def tell(self, node: str, key: str, value: str, now_us: int, refresh_us: int = REFRESH_US) -> None:
        """A value; events go out at once, retained values no more often than each `refresh_us`."""
        if not self.retains(node, key):
            self._publish(f"{ROOT}/{self.device}/{node}/{key}", value, retain=False)
            return
        name = (node, key)
        if self._values.get(name) != value:
            self._values[name] = value
            self._stale.add(name)
            self._pauses_us[name] = refresh_us
            self._refresh(name, now_us)

    def tick(self, now_us: int) -> None:
        """Say retained values that had to wait."""
        for name in tuple(self._stale):
            self._refresh(name, now_us)

    def alert(self, name: str, code: str, params: Mapping[str, Param]) -> None:
        """Something is wrong."""
        payload = json.dumps({"code": code, "params": dict(params)})
        if self._alerts.get(name) != payload:
            self._alerts[name] = payload
            if self._is_online():
                self._say(f"$alert/{name}", payload)

    def clear(self, name: str) -> None:
        """It is right again."""
        if self._alerts.get(name) != "":
            self._alerts[name] = ""
            if self._is_online():
                self._say(f"$alert/{name}", "")

    def has_alert(self, name: str) -> bool:
        """Whether this is wrong now."""
        return self._alerts.get(name, "") != ""

    def log(self, level: str, text: str) -> None:
        """A line for whoever reads along, if anybody does."""
        if self._is_online():
            self._publish(f"{ROOT}/{self.device}/$log/{level}", text, retain=False, qos=0)

    def _refresh(self, name: tuple[str, str], now_us: int) -> None:
        if self._is_online() and now_us >= self._due_us.get(name, now_us):
            self._due_us[name] = now_us + self._pauses_us[name]
            self._stale.discard(name)
            self._say("/".join(name), self._values[name])

    def _say(self, place: str, payload: str) -> None:
        self._publish(f"{ROOT}/{self.device}/{place}", payload, retain=True)

    def _description(self) -> dict[str, Any]:
        told: dict[str, Any] = {"homie": "5.0", "name": self.device, "type": self._kind, "nodes": self._nodes}
        if self._root is not None:
            told |= {"root": self._root, "parent": self._root}
        return {**told, "version": zlib.crc32(json.dumps(told).encode()) & 0x7FFFFFFF}
