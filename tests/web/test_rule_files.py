"""An organiser brings rules of their own: a file is looked at, explained, and only then taken."""

import html
import re
import uuid

import httpx
import pytest

from competitions import commands as cmd
from competitions.disciplines import iter_disciplines, parse_discipline
from lab_controller.championships.imports import TeamRow
from lab_controller.championships.setup import NewChampionship
from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from web.rule_files import LONGEST_BYTES

LINE = next(each for each in iter_disciplines() if each.id == "line_following_a")
OURS = LINE.text.replace('en = "Line following, A"', 'en = "Our line"').replace(
    'method = "best"', 'method = "last"'
)
FORM = {"key": "k1", "name_en": "Cup", "slug": "cup", "discipline": "own"}


def file(text: str | bytes) -> dict[str, tuple[str, bytes]]:
    return {"file": ("rules.toml", text.encode() if isinstance(text, str) else text)}


def kept_text(page: str) -> str:
    """What the page would send back of a file that was looked at."""
    found = re.search(r'<textarea name="text" hidden>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return html.unescape(found[1])


def run(lab: Lab, entry: str, attempt: int, value_us: int) -> None:
    name = f"{entry}-{attempt}"
    for command in (cmd.OpenRun(name, entry, attempt, "1"), cmd.ProposeManual(value_us, 400), cmd.Accept()):
        lab.championships.execute("cup", name, command, actor="judge", source="test", key=uuid.uuid4().hex)


@pytest.fixture
def cup(lab: Lab) -> Lab:
    """Two teams with two attempts each: by the best A leads, by the last B does."""
    service = lab.championships
    service.create("test", NewChampionship("cup", {"en": "Cup"}, LINE.text), key="begin")
    service.add_entries("test", "cup", [TeamRow(1, "A", "№ 1"), TeamRow(2, "B", "№ 2")], key="teams")
    service.set_field("test", "cup", "1", [], key="field")
    for entry, times in (("1", (11_000_000, 14_000_000)), ("2", (12_000_000, 13_000_000))):
        for attempt, value_us in enumerate(times, 1):
            run(lab, entry, attempt, value_us)
    return lab


async def test_a_file_is_looked_at_before_the_championship_is_created(
    admin: httpx.AsyncClient, lab: Lab
) -> None:
    looked = await admin.post("/new-championship", data=FORM | {"step": "look"}, files=file(OURS))
    assert looked.status_code == 200
    for words in ("Our line", "5 attempts, the last one counts", 'value="cup"'):
        assert words in looked.text
    assert kept_text(looked.text) == OURS
    created = await admin.post("/new-championship", data=FORM | {"text": kept_text(looked.text)})
    assert created.status_code == 303
    assert lab.championships.state("cup").discipline == parse_discipline(OURS)


async def test_a_file_is_taken_at_once_by_who_is_sure(admin: httpx.AsyncClient, lab: Lab) -> None:
    windows = b"\xef\xbb\xbf" + OURS.replace("\n", "\r\n").encode()
    created = await admin.post("/new-championship", data=FORM, files=file(windows))
    assert created.status_code == 303
    assert lab.championships.state("cup").discipline == parse_discipline(OURS)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (OURS.replace("attempts = 5", "attempts = 500"), "attempts must be between 1 and 20"),
        (OURS.replace("attempts = 5", 'attempts = "five"'), "attempts must be a whole number"),
        (OURS.replace('direction = "asc"', 'direction = "up"'), "ranking[0].direction must be one of: asc"),
        (OURS.replace('point = "finish"', 'point = "gate1"'), "point must be one of: start, finish, split"),
        (OURS + "\ncolour = 1\n", "is not known in a discipline file"),
        ("", "There is no discipline file yet."),
        (b"\x00\xff\xfe", "The file is not UTF-8 text"),
        (b"PK\x03\x04\x00\x00", "The file is not valid TOML"),
        ("a = " + "[" * 50_000, "The file is not valid TOML"),
        ("#" * 100_001, "longer than 100"),
        (b"#" * (LONGEST_BYTES + 1), "longer than 100"),
    ],
)
async def test_what_is_wrong_in_a_file_is_said_with_its_place(
    admin: httpx.AsyncClient, text: str | bytes, sentence: str
) -> None:
    answer = await admin.post("/new-championship", data=FORM, files=file(text))
    assert answer.status_code == 422
    assert sentence in html.unescape(answer.text)
    assert 'value="Cup"' in answer.text


async def test_the_place_of_a_mistake_is_named_in_the_readers_language(admin: httpx.AsyncClient) -> None:
    wrong = OURS.replace("attempts = 5", 'attempts = "five"')
    for language, words in (("ru", "целое число"), ("kk", "бүтін сан")):
        answer = await admin.post(f"/new-championship?lang={language}", data=FORM, files=file(wrong))
        assert words in answer.text


async def test_an_example_that_comes_out_otherwise_is_named(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/new-championship", data=FORM | {"step": "look"}, files=file(OURS))
    assert "over three minutes is a disqualified run, and another run may still win" in answer.text


async def test_new_rules_show_the_places_they_change_before_they_hold(
    admin: httpx.AsyncClient, cup: Lab
) -> None:
    looked = await admin.post("/championships/cup/rules", data={"step": "look"}, files=file(OURS))
    assert "2 teams get another place" in looked.text
    assert cup.championships.state("cup").discipline == LINE
    sent = {"key": "change", "discipline": "own", "text": kept_text(looked.text)}
    assert (await admin.post("/championships/cup/rules", data=sent)).status_code == 303
    assert [(each.entry, each.place) for each in cup.championships.standings("cup")] == [("2", 1), ("1", 2)]
    assert "Our line" in (await admin.get("/championships/cup/rules")).text
    assert (await admin.get("/championships/cup/rules.toml")).text == OURS


async def test_rules_wait_until_no_run_is_under_way(admin: httpx.AsyncClient, cup: Lab) -> None:
    for command in (cmd.OpenRun("open", "1", 3, "1"), cmd.ProposeManual(1_000_000, 400)):
        cup.championships.execute("cup", "open", command, actor="j", source="test", key=uuid.uuid4().hex)
    assert "1 run is under way" in (await admin.get("/championships/cup/rules")).text
    answer = await admin.post("/championships/cup/rules", data={"key": "k"}, files=file(OURS))
    assert answer.status_code == 409
    assert cup.championships.state("cup").discipline == LINE


async def test_only_the_championships_administrators_change_its_rules(sign_in: SignIn, cup: Lab) -> None:
    teacher = await sign_in("teacher")
    shown = await teacher.get("/championships/cup/rules")
    assert shown.status_code == 200
    assert 'type="file"' not in shown.text
    answer = await teacher.post("/championships/cup/rules", data={"key": "k"}, files=file(OURS))
    assert answer.status_code == 403


async def test_a_ready_discipline_is_a_file_to_begin_with(guest: httpx.AsyncClient) -> None:
    assert (await guest.get("/disciplines/line_following_a.toml")).text == LINE.text
    assert (await guest.get("/disciplines/chess.toml")).status_code == 422


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("kk", "2 сағат ішінде 5 әрекет"),
        ("ru", "5 попыток за 2 часа"),
        ("en", "5 runs within 2 hours"),
    ],
)
async def test_the_source_of_the_rules_is_told_in_the_readers_language(
    admin: httpx.AsyncClient, cup: Lab, language: str, words: str
) -> None:
    for path in ("/board/cup/entries/1", "/championships/cup/rules"):
        assert words in (await admin.get(path, params={"lang": language})).text


async def test_rules_without_a_source_name_none(guest: httpx.AsyncClient, cup: Lab) -> None:
    text = re.sub(r"\[source\]\n(.+\n){3}", "", LINE.text)
    cup.championships.set_discipline("test", "cup", text, key="sourceless")
    assert "Source of the rules" not in (await guest.get("/board/cup/entries/1?lang=en")).text
