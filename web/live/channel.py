"""One page's stream: renders a change once and hands the newest state to each viewer at its own pace."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack

from lab_controller.bus.changes import Changes, Subscription
from web.live.frames import BEAT, Frame, Piece

Render = Callable[[], Awaitable[Frame]]
FAN_OUT_S = 50e-6
FRESH_S = 0.1


class Viewer:
    """What one open page has yet to be sent: at most the newest state and one heartbeat."""

    __slots__ = ("_beat", "_ended", "_frame", "_waiter", "sending")

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._beat = self._ended = self.sending = False
        self._waiter: asyncio.Future[None] | None = None

    def show(self, frame: Frame) -> None:
        self._frame = frame
        self._wake()

    def beat(self) -> None:
        self._beat = True
        self._wake()

    def end(self) -> None:
        self._ended = True
        self._wake()

    async def next(self) -> Piece | None:
        """What to send now, waiting for it; None when the stream is over."""
        while not self._ended:
            if self._frame is not None:
                frame, self._frame, self._beat = self._frame, None, False
                return frame.change
            if self._beat:
                self._beat = False
                return BEAT
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Channel:
    """The viewers of one page and the state they see."""

    def __init__(
        self, changes: Changes, keys: Sequence[str], render: Render, *, pause_s: float = 0.02
    ) -> None:
        """Renders on each change of one of `keys`, at the least `pause_s` after the change before."""
        self._render, self._pause_s = render, pause_s
        self._viewers: set[Viewer] = set()
        self._version = 0
        self._newest: tuple[int, float, Frame] | None = None
        self._rendering: tuple[int, asyncio.Task[Frame]] | None = None
        self._close = ExitStack()
        subscription = self._close.enter_context(changes.subscribe(*keys))
        task = asyncio.get_running_loop().create_task(self._publish(subscription))
        task.add_done_callback(lambda _: self._end_viewers())
        self._close.callback(task.cancel)
        self._task = task

    def __len__(self) -> int:
        return len(self._viewers)

    @property
    def over(self) -> bool:
        """Whether it has failed and tells nothing more."""
        return self._task.done()

    def join(self) -> Viewer:
        """A viewer that sees each change from now on."""
        viewer = Viewer()
        self._viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)

    async def snapshot(self) -> Frame:
        """The state as it is now, rendered once for all who come within a tenth of a second."""
        if self._newest is not None:
            version, rendered_at, frame = self._newest
            if version == self._version and asyncio.get_running_loop().time() - rendered_at <= FRESH_S:
                return frame
        return await self._at_least(self._version)

    def beat(self) -> None:
        for viewer in self._viewers:
            viewer.beat()

    def close(self) -> None:
        """Listen to no more changes and end the viewers that are left."""
        self._close.close()
        self._end_viewers()

    def _end_viewers(self) -> None:
        for viewer in self._viewers:
            viewer.end()

    async def _publish(self, subscription: Subscription) -> None:
        while True:
            await subscription.next()
            self._version += 1
            frame = await self._at_least(self._version)
            for viewer in self._viewers:
                viewer.show(frame)
            await asyncio.sleep(max(self._pause_s, len(self._viewers) * FAN_OUT_S))

    async def _at_least(self, version: int) -> Frame:
        """A state that holds change number `version`; one rendering at a time, shared by who waits for it."""
        while self._rendering is not None:
            begun, task = self._rendering
            frame = await asyncio.shield(task)
            if begun >= version:
                return frame
        task = asyncio.get_running_loop().create_task(self._render_version(self._version))
        self._rendering = self._version, task
        return await asyncio.shield(task)

    async def _render_version(self, version: int) -> Frame:
        try:
            frame = await self._render()
            self._newest = version, asyncio.get_running_loop().time(), frame
        finally:
            self._rendering = None
        return frame
