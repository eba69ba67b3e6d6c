"""The page of fields and gates: a field by hand, closing one, opening it again."""

import httpx

from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.gates import add_gate
from tests.web.test_championship import RULES, begin, send


async def test_a_field_without_gates_is_added_closed_and_opened_again(
    admin: httpx.AsyncClient, lab: Lab
) -> None:
    begin(lab)
    page = (await admin.get("/championships/cup/fields")).text
    assert "No gate is there yet" in page
    await send(admin, "/fields", field="1")
    assert lab.championships.state("cup").fields == {"1": ()}
    overview = (await admin.get("/championships/cup")).text
    assert "Fields by hand: 1" in overview
    await send(admin, "/fields/close", field="1")
    assert lab.championships.state("cup").fields == {}
    page = (await admin.get("/championships/cup/fields")).text
    assert "Closed fields" in page
    assert 'id="new-field" name="field" required maxlength="24" value="2"' in page
    await send(admin, "/fields/open", field="1")
    assert lab.championships.state("cup").fields == {"1": ()}
    unknown = await send(admin, "/fields/close", field="7")
    assert (unknown.status_code, "There is no field 7." in unknown.text) == (404, True)


async def test_fields_with_gates_and_by_hand_are_both_counted(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab)
    add_gate(lab, "gate-a1b2c3", "Gate A")
    await send(admin, "/fields", **{"field": "1", "gate:start:1": "gate-a1b2c3:1"})
    await send(admin, "/fields", field="2")
    overview = (await admin.get("/championships/cup")).text
    assert "Fields with gates: 1 · Fields by hand: 2" in overview


async def test_only_an_administrator_closes_and_opens_fields(sign_in: SignIn, lab: Lab) -> None:
    begin(lab)
    lab.championships.set_field("test", "cup", "1", [], key="field")
    teacher = await sign_in("teacher")
    for path in ("/fields/close", "/fields/open"):
        assert (await send(teacher, path, field="1")).status_code == 403
    page = (await teacher.get("/championships/cup/fields")).text
    assert '<button class="bad" disabled>Close field 1</button>' in page
    assert lab.championships.state("cup").fields == {"1": ()}


async def test_programs_close_a_field_too(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab)
    address, key = "/api/v1/championships/cup/fields/1", {"Idempotency-Key": "put"}
    assert (await admin.put(address, json={"gates": []}, headers=key)).status_code == 200
    assert lab.championships.state("cup").fields == {"1": ()}
    assert (await admin.delete(address, headers={"Idempotency-Key": "delete"})).status_code == 200
    assert (lab.championships.state("cup").fields, lab.championships.state("cup").closed_fields) == (
        {},
        {"1": ()},
    )


def put(point: str, number: int, *, lane: int = 1) -> dict[str, object]:
    return {"point": point, "lane": lane, "device": "gate-a1b2c3", "input": number}


async def test_a_gate_half_way_that_a_program_put_there_is_shown_and_stays(
    admin: httpx.AsyncClient, lab: Lab
) -> None:
    begin(lab)
    add_gate(lab, "gate-a1b2c3", "Gate A")
    placed = {"gates": [put("start", 1), put("split", 2)]}
    address, key = "/api/v1/championships/cup/fields/1", {"Idempotency-Key": "put"}
    assert (await admin.put(address, json=placed, headers=key)).status_code == 200
    page = (await admin.get("/championships/cup/fields")).text
    assert '<select id="1-split-1" name="gate:split:1">' in page
    assert page.count("Half way") == 2
    await send(admin, "/fields", **{"field": "1", "gate:start:1": "gate-a1b2c3:1", "gate:finish:1": ""})
    assert lab.championships.state("cup").fields["1"] == (put("start", 1), put("split", 2))
    everything = {"gate:start:1": "gate-a1b2c3:1", "gate:finish:1": "gate-a1b2c3:2", "gate:split:1": ""}
    await send(admin, "/fields", field="1", **everything)
    assert lab.championships.state("cup").fields["1"] == (put("start", 1), put("finish", 2))


async def test_a_gate_on_a_lane_that_the_rules_have_no_more_is_let_go(
    admin: httpx.AsyncClient, lab: Lab
) -> None:
    begin(lab, "drag_race")
    gates = [put("start", 1), put("start", 2, lane=2)]
    lab.championships.set_field("test", "cup", "1", gates, key="field")
    lab.championships.set_discipline("test", "cup", RULES["line_following_b"].text, key="rules")
    await send(admin, "/fields", **{"field": "1", "gate:start:1": "gate-a1b2c3:1"})
    assert lab.championships.state("cup").fields["1"] == (put("start", 1),)
