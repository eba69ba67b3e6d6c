"""Draws every page into docs/screenshots: `python -m tests.browser.screenshots [FOLDER]`."""

import asyncio
import base64
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

from playwright.async_api import Browser, FilePayload, Page, Response, expect

from competitions import commands as cmd
from competitions.disciplines import iter_disciplines
from lab_controller.demo.contests import DRAG, LINE
from lab_controller.demo.room import STICKERS
from lab_controller.logs import configure_logs
from tests.browser.room import HEX, PUPIL, ROOM, Room, open_room
from tests.browser.room import enter as enter_room
from tests.browser.scene import ADMIN, JUDGE, PASSWORD, RACE, SHEET, Scene, open_scene
from tests.peers.browser import HEIGHTS, THEMES, WIDTHS, open_browser, open_page, serve
from web.app import create_app

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
QUALITY = 28
TALLEST = 1.5
"""A page is cut at so many times the window's height."""

Prepare = Callable[[Page], Awaitable[None]]


async def as_it_is(page: Page) -> None:
    """Nothing to do before the picture is taken."""


@dataclass(frozen=True)
class Shot:
    """A picture of `path`, named `name`; `whole` goes on below the window's edge."""

    name: str
    title: str
    path: str
    language: str = "ru"
    whole: bool = True
    prepare: Prepare = as_it_is


async def live(page: Page) -> None:
    await expect(page.locator("[data-slot=line]")).to_have_class("tag live")


async def preview(page: Page) -> None:
    table: FilePayload = {"name": "teams.csv", "mimeType": "text/csv", "buffer": SHEET.encode()}
    await page.set_input_files("#file", table)
    await page.locator("main .primary").click()
    await page.wait_for_selector(".note.bad")


async def own_rules(page: Page) -> None:
    text = next(each.text for each in iter_disciplines() if each.id == "line_following_a")
    text = text.replace('method = "best"', 'method = "last"').replace("attempts = 5", "attempts = 3")
    file: FilePayload = {"name": "our-line.toml", "mimeType": "text/plain", "buffer": text.encode()}
    await page.set_input_files("#file", file)
    await page.locator("button[name=step]").click()
    await page.wait_for_selector("#new")


async def refused(page: Page) -> None:
    await page.fill("#login", "judge")
    await page.fill("#password", "not this one")
    await page.press("#password", "Enter")
    await page.wait_for_selector(".note.bad")


BOARDS = (
    Shot("board", "The board", f"/board/{LINE}", "kk", prepare=live),
    Shot("board-hall", "The board in a hall", f"/board/{LINE}?hall=1", "kk", whole=False, prepare=live),
    Shot("board-embargo", "Results held back", f"/board/{DRAG}", "kk", prepare=live),
    Shot("board-empty", "Before the first result", f"/board/{RACE}", "kk", prepare=live),
    Shot("explain", "Why this place", f"/board/{LINE}/entries/8", "kk"),
    Shot("explain-tie", "A place too close to call", f"/board/{LINE}/entries/7", "ru"),
    Shot("home-guest", "Start page, nobody signed in", "/", "kk"),
    Shot("sign-in", "Sign in", "/sign-in", "en", prepare=refused),
    Shot("error", "There is nothing here", "/no-such-page", "en"),
)
STAFF = (
    Shot("home", "Start page", "/"),
    Shot("account", "One's own account", "/account"),
    Shot("championships", "Championships", "/championships"),
    Shot("championship-new", "A new championship", "/new-championship", "en"),
    Shot("championship", "Overview", f"/championships/{LINE}"),
    Shot("teams", "Teams", f"/championships/{LINE}/teams"),
    Shot("team", "One team", f"/championships/{LINE}/teams/3"),
    Shot("teams-import", "A table with mistakes", f"/championships/{LINE}/import", prepare=preview),
    Shot(
        "rules", "Rules of our own, and what they change", f"/championships/{LINE}/rules", prepare=own_rules
    ),
    Shot("fields", "Fields and gates", f"/championships/{LINE}/fields"),
    Shot("access", "Judges", f"/championships/{LINE}/access"),
    Shot("results", "A tie to settle, and the final signatures", f"/championships/{LINE}/results"),
    Shot("devices", "Devices", "/devices"),
    Shot("device", "A gate", "/devices/gate-3f10a2"),
    Shot("device-trouble", "A gate with a problem", "/devices/gate-d4e5f6"),
)
JUDGING = {
    "judge": "The judge's table",
    "judge-ready": "A run: ready",
    "judge-armed": "A run: armed",
    "judge-running": "A run: on track",
    "judge-proposed": "A run: the gate's proposal",
    "judge-kept": "A run: kept on the tablet while the network is away",
}

KITS = (
    "arduino_uno",
    "ev3",
    "firmata",
    "nxt",
    "pybricks",
    "spike",
    "vex_v5",
)
ROOMS = {
    "room": "A room and its kits",
    "room-empty": "A room without kits",
    "room-pair": "A kit gets its tag",
    "kit": "A kit: program, console, readings",
    "kit-failed": "An upload that did not work",
    "kit-ports": "A hub with its ports",
    "kit-pins": "A board with its pins",
    "kit-history": "What a kit has measured",
}


@dataclass(frozen=True)
class Camera:
    """Takes pictures of one page at one width and theme."""

    page: Page
    folder: Path
    width: int
    theme: str

    async def take(self, name: str, *, whole: bool = True) -> None:
        """A WebP from the top, with no pointer: the window, or the page down to `TALLEST` windows."""
        await self.page.evaluate("document.fonts.ready")
        await self.page.evaluate("scrollTo(0, 0)")
        await self.page.mouse.move(-1, -1)
        height = HEIGHTS[self.width]
        if whole:
            needed = await self.page.evaluate("document.documentElement.scrollHeight")
            full = min(max(height, needed), round(height * TALLEST))
            await self.page.set_viewport_size({"width": self.width, "height": full})
        session = await self.page.context.new_cdp_session(self.page)
        answer = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
        await session.detach()
        await self.page.set_viewport_size({"width": self.width, "height": height})
        path = self.folder / f"{name}-{self.width}-{self.theme}.webp"
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))


Look = tuple[int, str]
Visit = Callable[[], AbstractAsyncContextManager[Camera]]


@asynccontextmanager
async def set_up(browser: Browser, site: str, folder: Path, look: Look) -> AsyncIterator[Camera]:
    """A camera before a fresh visitor's page."""
    width, theme = look
    async with open_page(browser, site, width=width, theme=theme, language="ru") as page:
        yield Camera(page, folder, width, theme)


async def draw_all(browser: Browser, folder: Path) -> None:
    """Every page, at every width, in both themes; each combination in an afternoon of its own."""
    for look in product(WIDTHS, THEMES):
        with tempfile.TemporaryDirectory() as data_dir:
            async with open_scene(Path(data_dir)) as scene, serve(create_app(scene.lab)) as site:
                await draw_pages(partial(set_up, browser, site, folder, look), scene)
        await draw_rooms(browser, folder, look)


async def draw_rooms(browser: Browser, folder: Path, look: Look) -> None:
    """The pages of a room with virtual kits, at one width in one theme."""
    with tempfile.TemporaryDirectory() as data_dir:
        async with (
            open_room(Path(data_dir), *KITS, unnamed=True) as room,
            serve(create_app(room.lab)) as site,
            set_up(browser, site, folder, look) as camera,
        ):
            furnish(room)
            await enter_room(camera.page, f"/rooms/{ROOM}")
            await draw_kits(camera, room)


def furnish(room: Room) -> None:
    """Some kits have their tags, a pupil has one in hand, and one has lost its cable."""
    for kind, (tag, title) in STICKERS.items():
        room.lab.assets.pair(actor="scene", tag=tag, device=room.device(kind), title=title)
    room.lab.assets.hold(actor="scene", tag="L-12", login=PUPIL)
    room.cables["nxt"].unplug()


async def draw_kits(camera: Camera, room: Room) -> None:
    """A program onto the Uno first, so that its card has something to tell."""
    page, uno = camera.page, f"/kits/{room.device('arduino-uno')}"
    await open_kit(page, f"{uno}?lang=ru")
    await put_program(page, "torn.hex", b":10000000ZZ\n", ".tag.bad")
    await camera.take("kit-failed")
    await put_program(page, "sensor_log.hex", HEX, ".tag.good")
    await expect(page.locator("[data-slot=console]")).to_contain_text("light:")
    await page.wait_for_timeout(6_000)
    await camera.take("kit")
    for name, kind, language in (("kit-ports", "spike", "kk"), ("kit-pins", "firmata", "ru")):
        await open_kit(page, f"/kits/{room.device(kind)}?lang={language}")
        await page.wait_for_timeout(3_000)
        await camera.take(name)
    for name, path in (
        ("kit-history", f"{uno}/history?by=raw&lang=kk"),
        ("room-pair", f"/rooms/{ROOM}/pair?lang=ru"),
        ("room-empty", "/rooms/77?lang=en"),
        ("room", f"/rooms/{ROOM}?lang=ru"),
    ):
        await page.goto(path)
        await camera.take(name)


async def open_kit(page: Page, path: str) -> None:
    await page.goto(path)
    await page.wait_for_selector("kit-page[data-ready]")
    await page.wait_for_selector(".plots canvas")


async def put_program(page: Page, name: str, data: bytes, mark: str) -> None:
    file: FilePayload = {"name": name, "mimeType": "text/plain", "buffer": data}
    await page.set_input_files("#file", file)
    await page.locator("[data-slot=send]").click()
    await page.locator(".job").first.filter(has_text=name).locator(mark).wait_for()


async def draw_pages(visit: Visit, scene: Scene) -> None:
    """All pictures at one width in one theme."""
    for shots, login in ((BOARDS, None), (STAFF, ADMIN)):
        async with visit() as camera:
            if login:
                await enter(camera.page, login, "/")
            for shot in shots:
                mark = "&" if "?" in shot.path else "?"
                await camera.page.goto(f"{shot.path}{mark}lang={shot.language}")
                await shot.prepare(camera.page)
                await camera.take(shot.name, whole=shot.whole)
    async with visit() as camera:
        await enter(camera.page, JUDGE, f"/judge/{LINE}")
        await draw_judging(camera, scene)


async def draw_judging(camera: Camera, scene: Scene) -> None:
    """A judge takes one team from the table to a result, the last part of it without a network."""
    page, clock = camera.page, camera.page.locator(".clock")
    await page.wait_for_selector("judge-app[data-ready]")
    await page.wait_for_selector(".bar .tag.good")
    await page.locator(".chip").nth(2).click()
    await camera.take("judge")
    await page.locator(".team-row .primary").click()
    await expect(clock).to_have_attribute("data-phase", "ready")
    run = page.url.rsplit("/", 1)[1].split("?")[0]
    await camera.take("judge-ready", whole=False)
    async with page.expect_response(is_arming):
        await page.locator(".do button.primary").click()
    scene.give(LINE, run, cmd.Armed())
    await expect(clock).to_have_attribute("data-phase", "armed")
    await camera.take("judge-armed", whole=False)
    scene.give(LINE, run, cmd.SeePassage("start", "B", 0, 0))
    await expect(clock).to_have_attribute("data-phase", "running")
    await camera.take("judge-running", whole=False)
    scene.give(LINE, run, cmd.SeePassage("finish", "B", 12_483_000, 400))
    await expect(clock).to_have_attribute("data-phase", "proposed")
    await camera.take("judge-proposed", whole=False)
    await page.context.set_offline(True)
    await page.locator(".do button.primary").click()
    await page.wait_for_selector(".tag.gold")
    await camera.take("judge-kept", whole=False)


def is_arming(answer: Response) -> bool:
    """The lab has stored the judge's arming."""
    return answer.request.method == "POST" and '"arm"' in (answer.request.post_data or "")


async def enter(page: Page, login: str, path: str) -> None:
    """Sign in and come to `path`."""
    await page.goto(f"/sign-in?next={path}")
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    await page.wait_for_url(f"**{path}")


def write_index(folder: Path) -> None:
    """The README that shows the pictures, one table a page."""
    titles = {shot.name: shot.title for shot in (*BOARDS, *STAFF)} | JUDGING | ROOMS
    sizes = " | ".join(f"{width} px" for width in WIDTHS)
    lines = [
        "# Every page",
        "",
        "Drawn by `make screenshots` from a real lab with championships in progress and virtual kits. "
        "All names are invented.",
    ]
    for name, title in titles.items():
        lines += ["", f"## {title}", "", f"| | {sizes} |", "|---|" + "---|" * len(WIDTHS)]
        for theme in THEMES:
            cells = [
                f'<img src="{name}-{width}-{theme}.webp" width="240" alt="{title}, {width} px, {theme}">'
                for width in WIDTHS
            ]
            lines.append(f"| {theme} | {' | '.join(cells)} |")
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


async def draw(folder: Path) -> None:
    async with open_browser() as browser:
        await draw_all(browser, folder)


def main(folder: Path = FOLDER) -> None:
    configure_logs("console", "warning")
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(draw(folder))
    write_index(folder)
    sizes = [path.stat().st_size for path in folder.glob("*.webp")]
    print(f"{folder}: {len(sizes)} pictures, {sum(sizes) / 1e6:.1f} MB")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
