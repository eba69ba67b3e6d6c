"""An organiser sets a championship up, page by page."""

import io
import re
import uuid

import httpx
import openpyxl
import pytest

from competitions.disciplines import iter_disciplines
from lab_controller.championships.setup import NewChampionship
from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.gates import add_gate
from tests.web.people import PASSWORD
from web.pages.teams_import import format_table
from web.rules import outline_rules, summarize_rules

RULES = {each.id: each for each in iter_disciplines()}
FORM = {
    "key": "k1",
    "name_kk": "Сызық кубогы",
    "name_ru": "Кубок линии",
    "slug": "cup",
    "discipline": "line_following_b",
}


def begin(lab: Lab, discipline: str = "line_following_b") -> None:
    spec = NewChampionship("cup", {"en": "Line cup"}, RULES[discipline].text)
    lab.championships.create("test", spec, key="begin")


async def send(browser: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    return await browser.post(f"/championships/cup{path}", data={"key": uuid.uuid4().hex} | form)


async def test_a_new_championship_has_a_name_rules_and_an_address(admin: httpx.AsyncClient, lab: Lab) -> None:
    answer = await admin.post("/new-championship", data=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/championships/cup")
    state = lab.championships.state("cup")
    assert dict(state.name) == {"kk": "Сызық кубогы", "ru": "Кубок линии", "en": "Сызық кубогы"}
    assert state.discipline == RULES["line_following_b"]
    page = (await admin.get("/championships/cup")).text
    assert "http://lab/board/cup" in page
    assert "<svg" in page
    assert "3 attempts, the best one counts" in page


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name_kk": "", "name_ru": " "}, "needs a name in at least one language"),
        ({"slug": "Cup 1"}, "only small Latin letters"),
        ({"discipline": "chess"}, "There is no discipline with this name."),
    ],
)
async def test_what_is_wrong_is_told_and_nothing_typed_is_lost(
    admin: httpx.AsyncClient, wrong: dict[str, str], sentence: str
) -> None:
    answer = await admin.post("/new-championship", data=FORM | wrong)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{(FORM | wrong)["name_ru"]}"' in answer.text


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("discipline", sorted(RULES))
def test_every_disciplines_rules_can_be_read_aloud(discipline: str, language: str) -> None:
    lines = summarize_rules(RULES[discipline], language)
    assert len(lines) >= 4
    for line in lines:
        assert line.topic
        assert line.text
        assert "%(" not in line.text


def test_disciplines_are_told_apart_without_opening_one() -> None:
    outlines = {name: outline_rules(rules, "en") for name, rules in RULES.items()}
    assert outlines == {
        "drag_race": "2 attempts, 30 s, 2 robots at once",
        "line_following_a": "5 attempts, 3 min",
        "line_following_b": "3 attempts, no time limit",
        "line_following_c": "3 attempts, 2 min",
        "line_following_d": "1 attempt, 5 min",
        "robo_race": "3 attempts, 3 min, as many laps as the time allows",
        "robo_race_best_lap": "1 attempt, 3 laps, no time limit",
    }


async def test_the_choice_of_rules_shows_what_tells_them_apart(admin: httpx.AsyncClient) -> None:
    page = (await admin.get("/new-championship")).text
    for rules in RULES.values():
        assert outline_rules(rules, "en") in page


def test_the_summary_says_what_decides_a_place() -> None:
    lines = {line.topic: line.text for line in summarize_rules(RULES["drag_race"], "en")}
    assert lines["Attempts"] == "2 attempts, the mean of the best 2 counts"
    assert lines["Clock"] == "starts at the signal, stops at the finish gate"
    assert lines["False start"] == "+1 s, disqualification at number 2"
    assert lines["Equal results"] == "are decided by another run"


async def test_teams_are_previewed_row_by_row_before_they_are_entered(
    admin: httpx.AsyncClient, lab: Lab
) -> None:
    begin(lab)
    table = "Команда;Школа;Участники\nАрлан;№ 28;Иванов И., Петров П.\nҚыран;;\n=1+1;№ 3;\n"
    answer = await admin.post(
        "/championships/cup/import", files={"file": ("t.csv", table.encode("cp1251", "ignore"))}
    )
    page = answer.text
    assert "1 team is ready to be entered" in page
    assert "2 problems in the file" in page
    assert "<b>Row 3, School.</b> This must not be empty." in page
    assert "<b>Row 4, Team.</b> There is a formula." in page
    assert lab.championships.state("cup").entries == {}
    preview = re.search(r'<textarea name="table" hidden>(.*?)</textarea>', page, re.DOTALL)
    assert preview
    entered = await admin.post(
        "/championships/cup/import/enter", files={"table": (None, preview[1]), "key": (None, "enter")}
    )
    assert entered.status_code == 303
    assert [entry.team for entry in lab.championships.state("cup").entries.values()] == ["Арлан"]
    assert lab.championships.read_participants("test", "cup", "1") == ["Иванов И.", "Петров П."]
    assert "Иванов" not in (await admin.get("/championships/cup/teams")).text


async def test_a_workbook_with_two_sheets_asks_which(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab)
    book = openpyxl.Workbook()
    book.active.append(["a note"])
    teams = book.create_sheet("Командалар")
    teams.append(["Команда", "Мектеп"])
    teams.append(["Барыс", "№ 54"])
    data = io.BytesIO()
    book.save(data)
    asked = await admin.post("/championships/cup/import", files={"file": ("t.xlsx", data.getvalue())})
    assert "<option>Командалар</option>" in asked.text
    shown = await admin.post(
        "/championships/cup/import",
        data={"sheet": "Командалар"},
        files={"file": ("t.xlsx", data.getvalue())},
    )
    assert "1 team is ready to be entered" in shown.text


@pytest.mark.parametrize("data", [b"", b"\x00\xff\xfe", b"PK\x03\x04broken", b"a,b\n1,2\n", b"\r\r\r"])
async def test_a_file_that_is_no_table_of_teams_is_explained(
    admin: httpx.AsyncClient, lab: Lab, data: bytes
) -> None:
    begin(lab)
    answer = await admin.post("/championships/cup/import", files={"file": ("t.csv", data)})
    assert answer.status_code == 200
    assert "Nothing was entered yet" in answer.text


async def test_a_preview_that_was_tampered_with_is_checked_again(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab)
    forged = "team\tschool\n=HYPERLINK(1)\t№ 1\n"
    answer = await admin.post(
        "/championships/cup/import/enter", files={"table": (None, forged), "key": (None, "forged")}
    )
    assert "There is a formula." in answer.text
    assert lab.championships.state("cup").entries == {}


async def test_a_team_is_added_renamed_and_withdrawn(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab)
    await send(admin, "/teams", team="  Арлан ", school="№ 28")
    await send(admin, "/teams/1", team="Арлан-2", school="№ 28")
    twice = await send(admin, "/teams", team="арлан-2", school="№ 28")
    assert twice.status_code == 422
    await send(admin, "/teams/1/withdraw", reason="flu")
    entry = lab.championships.state("cup").entries["1"]
    assert (entry.team, entry.school, entry.withdrawn) == ("Арлан-2", "№ 28", True)
    page = (await admin.get("/championships/cup/teams")).text
    assert "Withdrawn" in page


async def test_a_form_sent_twice_is_done_once(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab)
    for _ in range(2):
        await admin.post("/championships/cup/teams", data={"key": "same", "team": "Арлан", "school": "№ 28"})
    assert len(lab.championships.state("cup").entries) == 1


async def test_gates_are_put_on_a_field_and_their_health_is_drawn(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab, "drag_race")
    add_gate(lab, "gate-a1b2c3", "Gate A")
    alerts = {"blocked-2": {"code": "beam_blocked", "params": {"lane": 2}}}
    add_gate(lab, "gate-d4e5f6", "Gate B", blocked=[2], alerts=alerts)
    form = {f"gate:{point}:{lane}": f"gate-{board}:{lane}"
            for point, board in (("start", "a1b2c3"), ("finish", "d4e5f6")) for lane in (1, 2)}  # fmt: skip
    answer = await send(admin, "/fields", field="3", **form)
    assert answer.status_code == 303
    assert lab.championships.state("cup").fields["3"][0] == {
        "point": "start",
        "lane": 1,
        "device": "gate-a1b2c3",
        "input": 1,
    }
    page = (await admin.get("/championships/cup/fields")).text
    assert page.count('class="gate good"') == 2
    assert page.count('class="gate bad"') == 2
    assert "Finish, lane 2" in page
    assert "Something stands in the beam of input 2." in page


async def test_a_robot_in_the_beam_does_not_make_a_field_unready(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab)
    add_gate(lab, "gate-a1b2c3", "Gate A", blocked=[1])
    await send(
        admin, "/fields", **{"field": "1", "gate:start:1": "gate-a1b2c3:1", "gate:finish:1": "gate-a1b2c3:2"}
    )
    page = (await admin.get("/championships/cup/fields")).text
    assert page.count('class="gate live"') == page.count('class="gate good"') == 1
    assert "Needs a person" not in page


async def test_one_input_on_two_lanes_is_refused_with_its_reason(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab, "drag_race")
    add_gate(lab, "gate-a1b2c3", "Gate A")
    form = {"gate:start:1": "gate-a1b2c3:1", "gate:start:2": "gate-a1b2c3:1"}
    answer = await send(admin, "/fields", field="1", **form)
    assert answer.status_code == 422
    assert "One input of a gate cannot watch two lanes of field 1." in answer.text


async def test_a_new_judge_gets_a_password_that_is_shown_once_and_works(
    admin: httpx.AsyncClient, guest: httpx.AsyncClient, lab: Lab
) -> None:
    begin(lab)
    page = (await send(admin, "/access", role="judge", login="Ermek", name="Ермек")).text
    password = re.search(r'<dt>Password</dt><dd class="mono">(\w+)</dd>', page)
    assert password
    assert password[1] not in (await admin.get("/championships/cup/access")).text
    signed_in = await guest.post("/sign-in", data={"login": "ermek", "password": password[1]})
    assert signed_in.headers["location"] == "/judge/cup"


async def test_an_account_that_is_there_keeps_its_password(
    admin: httpx.AsyncClient, guest: httpx.AsyncClient, lab: Lab
) -> None:
    begin(lab)
    answer = await send(admin, "/access", role="display", login="teacher")
    assert answer.status_code == 303
    signed_in = await guest.post("/sign-in", data={"login": "teacher", "password": PASSWORD})
    assert signed_in.status_code == 303
    await send(admin, "/access/revoke", role="display", login="teacher")
    assert [len(each.grants) for each in lab.people.list_accounts() if each.login == "teacher"] == [1]


async def test_access_that_was_taken_away_can_be_given_back(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab)
    await send(admin, "/access", role="judge", login="teacher")
    page = (await send(admin, "/access/revoke", role="judge", login="teacher")).text
    assert "has no access any more." in page
    note = re.search(r'<form class="note".*?</form>', page, re.DOTALL)
    assert note
    undo = dict(re.findall(r'name="(\w+)" value="(\w+)"', note[0]))
    assert undo == {"login": "teacher", "role": "judge"}
    assert "Access" not in (await admin.get("/championships/cup/access/revoke")).text
    await send(admin, "/access", **undo)
    page = (await admin.get("/championships/cup/access")).text
    assert "has no access any more." not in page
    assert page.count('<li class="person">') == 3


async def test_access_that_is_gone_already_is_told(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab)
    page = (await send(admin, "/access/revoke", role="display", login="teacher")).text
    assert "teacher does not have this role any more." in page
    assert "Undo" not in page


async def test_results_are_held_back_at_once_and_shown_after_a_question(
    admin: httpx.AsyncClient, lab: Lab
) -> None:
    begin(lab)
    await send(admin, "/embargo", on="yes")
    assert lab.championships.state("cup").embargo is True
    page = (await admin.get("/championships/cup")).text
    question = re.search(r"<details>\s*<summary>Show the results</summary>(.*?)</details>", page, re.DOTALL)
    assert question
    assert "This cannot be taken back." in question[1]
    assert "Show all results now" in question[1]
    assert page.count('action="/championships/cup/embargo"') == 1
    await send(admin, "/embargo", on="no")
    assert lab.championships.state("cup").embargo is False


@pytest.mark.parametrize("login", ["judge", "hall", "teacher"])
async def test_only_an_administrator_changes_the_set_up(sign_in: SignIn, lab: Lab, login: str) -> None:
    begin(lab)
    browser = await sign_in(login)
    for path in (
        "/teams",
        "/fields",
        "/fields/close",
        "/fields/open",
        "/access",
        "/embargo",
        "/import/enter",
    ):
        answer = await send(
            browser, path, field="1", on="yes", role="judge", login="x", team="x", school="x", table=""
        )
        assert answer.status_code == 403, path
    assert lab.championships.state("cup").rev == 2


async def test_an_administrator_of_one_championship_administers_that_one(sign_in: SignIn, lab: Lab) -> None:
    begin(lab)
    lab.people.grant(actor="test", login="teacher", role="admin", scope="championship:cup")
    browser = await sign_in("teacher")
    assert (await send(browser, "/embargo", on="yes")).status_code == 303
    assert (await browser.get("/new-championship")).status_code == 403


async def test_the_list_begins_with_what_to_do(admin: httpx.AsyncClient, guest: httpx.AsyncClient) -> None:
    assert "No championship yet" in (await admin.get("/championships")).text
    home = (await guest.get("/")).text
    assert "As soon as one begins, its board is here." in home


async def test_a_team_is_found_by_any_part_of_its_name_or_school(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab)
    for team, school in (("Арлан", "№ 28"), ("Қыран", "НЗМ"), ("Барыс", "№ 54 гимназия")):
        await send(admin, "/teams", team=team, school=school)
    page = (await admin.get("/championships/cup/teams", params={"q": "ГИМНАЗИЯ"})).text
    assert ("<b>Барыс</b>" in page, "<b>Арлан</b>" in page, "3 teams" in page) == (True, False, True)
    nobody = (await admin.get("/championships/cup/teams", params={"q": "zzz"})).text
    assert "No team is called that." in nobody


@pytest.mark.slow
async def test_the_largest_table_goes_through_its_preview(admin: httpx.AsyncClient, lab: Lab) -> None:
    begin(lab)
    rows = "".join(f"Команда {number},{'Мектеп' * 16} {number % 200}\n" for number in range(4_999))
    found = lab.championships.preview_import("cup", f"team,school\n{rows}".encode(), "t.csv")
    table = format_table(found)
    assert len(table.encode()) > 1 << 20
    entered = await admin.post(
        "/championships/cup/import/enter", files={"table": (None, table), "key": (None, "enter")}
    )
    assert entered.status_code == 303
    assert len(lab.championships.state("cup").entries) == 4_999
