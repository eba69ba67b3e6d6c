"""The last race of a timer, lane by lane."""

import json

from devices.protocols.race_session import LaneTime


class Race:
    """Begins with the start; where a timer tells none, with a lane after the end or one told again."""

    def __init__(self) -> None:
        self.number = 0
        self._over = True
        self._lanes: dict[int, dict[str, int | None]] = {}

    def start(self) -> None:
        """The cars are on their way."""
        self.number += 1
        self._over = False
        self._lanes.clear()

    def finish(self) -> None:
        """Nothing more comes of it."""
        self._over = True

    def add(self, result: LaneTime) -> dict[str, int | None]:
        """One lane, as `timer/result` tells it."""
        if self._over or result.lane in self._lanes:
            self.start()
        told = {"lane": result.lane, "us": result.us, "resolution_us": result.resolution_us}
        self._lanes[result.lane] = told
        return {"race": self.number, **told}

    def describe(self) -> str:
        """As `timer/race` tells it."""
        return json.dumps({"race": self.number, "lanes": list(self._lanes.values())})
