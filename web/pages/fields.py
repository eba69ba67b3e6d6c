"""Which gate stands where: fields, lanes and points, with a live picture."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from lab_controller.bus.changes import DEVICES, championship_key
from lab_controller.errors import LabError
from web.device_views import DeviceHealth, view_device
from web.field_views import sort_names, view_field, view_fields
from web.pages.devices import render_part, stream_html
from web.section import Edit, Key, Look, Section

router = APIRouter()
GATE_FIELD = re.compile(r"gate:([a-z]+):([0-9]{1,2})")
GATE_VALUE = re.compile(r"([a-z0-9-]{1,64}):([0-9])")
FieldName = Annotated[str, Form(max_length=24)]


@router.get("/championships/{slug}/fields")
def show(section: Look) -> Response:
    return show_fields(section)


def list_gates(section: Section) -> list[DeviceHealth]:
    return [view_device(device) for device in section.lab.equipment.list_devices("gate")]


def show_fields(section: Section, error: LabError | None = None) -> Response:
    state, language, gates = section.state(), section.language, list_gates(section)
    pictures = view_fields(state, gates, language)
    fresh = view_field(state, next_name([*state.fields, *state.closed_fields]), (), gates, language)
    return section.render(
        "fields.html",
        "fields",
        error,
        pictures=pictures,
        fresh=fresh,
        closed=sort_names(state.closed_fields),
        gates=[
            {
                "id": gate.id,
                "name": gate.name,
                "online": gate.online,
                "inputs": [beam.number for beam in gate.inputs],
            }
            for gate in gates
        ],
    )


def next_name(names: list[str]) -> str:
    """The first number that no field has."""
    return next(str(number) for number in range(1, len(names) + 2) if str(number) not in names)


@router.get("/live/fields/{slug}")
async def watch(section: Look) -> Response:
    await run_in_threadpool(section.state)

    def draw(language: str) -> str:
        pictures = view_fields(section.state(), list_gates(section), language)
        return render_part("fields_live.html", language, pictures=pictures)

    keys = [DEVICES, championship_key(section.slug)]
    return stream_html(section.request, f"fields:{section.slug}", keys, draw)


async def read_form(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


@router.post("/championships/{slug}/fields")
async def save(request: Request, section: Edit, field: FieldName, key: Key) -> Response:
    form = await read_form(request)

    def store() -> Response:
        name = field.strip()
        gates = read_gates(form) + list_unasked(section, name, form)
        set_field = section.championships.set_field
        return carry_out(section, lambda: set_field(section.actor, section.slug, name, gates, key=key))

    return await run_in_threadpool(store)


@router.get("/championships/{slug}/fields/close")
@router.get("/championships/{slug}/fields/open")
def show_again(section: Edit) -> Response:
    """Where a change of language leads after a refusal."""
    return section.go("fields")


@router.post("/championships/{slug}/fields/close")
def close(section: Edit, field: FieldName, key: Key) -> Response:
    close_field = section.championships.close_field
    return carry_out(section, lambda: close_field(section.actor, section.slug, field, key=key))


@router.post("/championships/{slug}/fields/open")
def open_again(section: Edit, field: FieldName, key: Key) -> Response:
    open_field = section.championships.open_field
    return carry_out(section, lambda: open_field(section.actor, section.slug, field, key=key))


def carry_out(section: Section, change: Callable[[], object]) -> Response:
    """Back to the fields, or the fields with what was wrong above them."""
    try:
        change()
    except LabError as error:
        return show_fields(section, error)
    return section.go("fields")


def list_unasked(section: Section, field: str, form: dict[str, str]) -> list[dict[str, Any]]:
    """Gates at places of the field that the form does not speak of; they stay."""
    state = section.state()
    lanes = state.discipline.lanes if state.discipline else 1
    return [
        dict(gate)
        for gate in state.fields.get(field, ())
        if f"gate:{gate['point']}:{gate['lane']}" not in form and gate["lane"] <= lanes
    ]


def read_gates(form: dict[str, str]) -> list[dict[str, Any]]:
    """`gate:start:1 = gate-a1b2c3:2` as the log keeps it; a spot left to hand has no gate."""
    gates = []
    for name, value in form.items():
        place, gate = GATE_FIELD.fullmatch(name), GATE_VALUE.fullmatch(value)
        if place and gate:
            gates.append({"point": place[1], "lane": int(place[2]), "device": gate[1], "input": int(gate[2])})
    return gates
