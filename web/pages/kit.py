"""One kit: a program onto it, its console, its readings, what it can be told to do."""

from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import Response

from lab_controller.canonical import canonical_json
from lab_controller.errors import LabError
from web.kit_mailbox import Content, format_mail
from web.kit_section import KitLook, KitSection
from web.kit_timer import MOST_LANES
from web.rendering import render

router = APIRouter()
Key = Annotated[str, Form(min_length=1, max_length=64)]
Line = Annotated[str, Form(max_length=1000)]
Deed = Literal["run", "stop", "reset", "identify"]
PLACES = {
    "run": ("program", "run"),
    "stop": ("program", "stop"),
    "reset": ("board", "reset"),
    "identify": ("board", "identify"),
}


@router.get("/kits/{device}")
def show(section: KitLook, told: Annotated[str, Query(max_length=20)] = "") -> Response:
    return section.render(told=told)


@router.get("/kits/{device}/parts")
def show_parts(section: KitLook) -> Response:
    """What of the page changes, as its script puts it in place."""
    return render(section.request, "kit_parts.html", **section.describe())


@router.post("/kits/{device}/uploads")
def upload(
    section: KitLook,
    file: Annotated[UploadFile, File()],
    key: Key,
    slot: Annotated[int | None, Form(ge=0, le=1000)] = None,
    run: Annotated[bool, Form()] = False,
) -> Response:
    """For a page without scripts; with them the program goes to /api/v1 and its way is shown."""
    visitor, programs = section.visitor, section.lab.programs
    visitor.use(section.device)
    try:
        programs.submit(
            section.actor,
            section.device,
            file.filename or "",
            file.file.read(programs.max_bytes + 1),
            slot=slot,
            run=run,
            key=key,
            needs_approval=visitor.needs_approval(section.device),
        )
    except LabError as error:
        return section.answer(error)
    return section.go("upload", "program")


@router.post("/kits/{device}/do")
def do(
    section: KitLook,
    deed: Annotated[Deed, Form()],
    slot: Annotated[str, Form(max_length=4)] = "",
    name: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """A program runs by its place or its name; without one it is the one that was uploaded last."""
    node, prop = PLACES[deed]
    value = name.strip() or slot if deed == "run" else "true"
    return command(section, node, prop, value, told=deed, place="state")


@router.post("/kits/{device}/console")
def send(section: KitLook, text: Line = "") -> Response:
    return command(section, "console", "send", f"{text}\n", told="sent", place="console")


@router.post("/kits/{device}/set")
def set_property(section: KitLook, name: Annotated[str, Form(max_length=130)], value: Line = "") -> Response:
    """`name` is `node/property`."""
    node, _, prop = name.partition("/")
    return command(section, node, prop, value, told="set", place="things")


@router.post("/kits/{device}/mailbox")
def send_mail(
    section: KitLook,
    box: Annotated[str, Form(min_length=1, max_length=48)],
    text: Annotated[str, Form(max_length=200)] = "",
    content: Annotated[Content, Form()] = "text",
) -> Response:
    try:
        mail = format_mail(section.visitor.use(section.device).kind, box, text, content)
    except LabError as error:
        return section.answer(error)
    return command(section, "mailbox", "send", mail, told="sent", place="mailbox")


@router.post("/kits/{device}/timer")
def time_race(
    section: KitLook,
    deed: Annotated[Literal["arm", "end"], Form()],
    lanes: Annotated[list[int] | None, Form(max_length=MOST_LANES)] = None,
) -> Response:
    """All lanes race if none is named."""
    value = canonical_json({"lanes": sorted(set(lanes or []))}) if deed == "arm" else "true"
    return command(section, "timer", deed, value, told=deed, place="timer")


@router.post("/kits/{device}/pins")
def set_pin(
    section: KitLook,
    pin: Annotated[int, Form(ge=0, le=255)],
    mode: Annotated[str, Form(max_length=16)] = "",
    value: Annotated[int | None, Form(ge=0, le=16383)] = None,
    deed: Annotated[Literal["mode", "write"], Form()] = "write",
) -> Response:
    """A value for the pin, or else what it is to be."""
    prop = "mode" if value is None else deed
    told: dict[str, object] = {"pin": pin} | ({"mode": mode} if prop == "mode" else {"value": value})
    return command(section, "pins", prop, canonical_json(told), told="pins", place=f"pin-{pin}")


def command(section: KitSection, node: str, prop: str, value: str, *, told: str, place: str) -> Response:
    try:
        section.command(node, prop, value)
    except LabError as error:
        return section.answer(error)
    return section.go(told, place)
