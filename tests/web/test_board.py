"""The board's page and stream, without a browser: what is public, what is secret, what is explained."""

import json
import re

import httpx
import pytest

from competitions import commands as cmd
from competitions.disciplines import iter_disciplines
from lab_controller.championships.imports import TeamRow
from lab_controller.championships.setup import NewChampionship
from lab_controller.lab import Lab
from tests.browser.contests import SLUG, Contest

BOARD_FIELDS = {
    "slug", "name", "discipline", "rev", "hash", "embargo", "ranking_unit", "now", "next", "rows",
}  # fmt: skip


@pytest.fixture
def contest(lab: Lab) -> Contest:
    return Contest(lab, login="judge-of-the-contest")


async def test_a_board_that_does_not_exist_is_a_page_that_says_so(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/board/nowhere")
    assert answer.status_code == 404
    assert "There is no such championship" in answer.text


async def test_the_board_names_teams_and_schools_and_never_a_child(
    guest: httpx.AsyncClient, contest: Contest
) -> None:
    row = TeamRow(9, "Самұрық", "№ 92", coach="Coach Karim", participants=("Aisha Nurlan",))
    contest.lab.championships.add_entries("admin", SLUG, [row], key="more")
    answer = await guest.get(f"/board/{SLUG}")
    assert answer.status_code == 200
    assert "Самұрық" in answer.text
    assert "Aisha" not in answer.text
    assert "Karim" not in answer.text
    board = json.loads(answer.text.split('id="board">')[1].split("</script>")[0])["board"]
    assert set(board) == BOARD_FIELDS


async def test_standings_are_written_with_places_bounds_and_gaps(
    guest: httpx.AsyncClient, contest: Contest
) -> None:
    contest.accept("a", "1", 12_178_000)
    contest.accept("b", "2", 13_204_000)
    text = (await guest.get(f"/board/{SLUG}")).text
    for words in ("12.178", "13.204", "±0.4\N{NO-BREAK SPACE}ms", "+1.026", "p1", "p2"):
        assert words in text


async def test_the_page_has_no_column_for_an_attempt_that_nobody_made_and_marks_a_run_by_its_phase(
    guest: httpx.AsyncClient, contest: Contest
) -> None:
    contest.accept("a", "1", 12_178_000)
    contest.give("b", cmd.OpenRun("b", "2", 3, "3"))
    text = (await guest.get(f"/board/{SLUG}")).text
    headings = re.findall(r'data-slot="heading"( hidden)?>', text)
    assert headings == ["", " hidden", "", " hidden", " hidden"]
    marks = re.findall(r'class="mark" data-phase="(\w+)" title="([^"]+)"', text)
    assert marks == [("ready", "Getting ready")]
    contest.give("b", cmd.ProposeManual(13_204_000, 400))
    text = (await guest.get(f"/board/{SLUG}")).text
    assert re.findall(r'class="mark" data-phase="(\w+)"', text) == ["proposed"]


async def test_times_closer_than_their_bounds_share_a_place_and_say_so(
    guest: httpx.AsyncClient, contest: Contest
) -> None:
    contest.accept("a", "1", 12_178_000, bound_us=400)
    contest.accept("b", "2", 12_178_600, bound_us=400)
    page = (await guest.get(f"/board/{SLUG}/entries/1")).text
    assert "Place 1 of 4, shared" in page
    assert "so nobody can say which is better" in page


async def test_a_place_is_explained_by_run_rule_and_neighbour(
    guest: httpx.AsyncClient, contest: Contest
) -> None:
    contest.accept("a", "1", 12_178_000)
    contest.accept("b", "1", 14_000_000, attempt=2)
    contest.accept("c", "2", 13_204_000)
    page = (await guest.get(f"/board/{SLUG}/entries/1")).text
    for words in (
        "Place 1 of 4",
        "Қыран is behind. Time: 13.204 s ±0.4\N{NO-BREAK SPACE}ms against 12.178 s ±0.4\N{NO-BREAK SPACE}ms",
        "This one counts.",
        "Does not count: another attempt is better.",
        "Each team has 5 attempts. Its best one counts.",
        "Teams are ordered by: Time, less is better.",
    ):
        assert words in page


async def test_an_entry_that_does_not_exist_is_not_explained(
    guest: httpx.AsyncClient, contest: Contest
) -> None:
    assert (await guest.get(f"/board/{SLUG}/entries/77")).status_code == 404


async def test_under_embargo_neither_board_nor_explanation_tells_a_result(
    guest: httpx.AsyncClient, contest: Contest
) -> None:
    contest.accept("a", "1", 12_178_000)
    contest.lab.championships.set_embargo("admin", SLUG, True, key="hide")
    for path in (f"/board/{SLUG}", f"/board/{SLUG}/entries/1"):
        text = (await guest.get(path)).text
        assert "12.178" not in text
        assert "12178000" not in text
        assert "kept secret until the ceremony" in text


@pytest.mark.parametrize(
    ("language", "heading", "time"),
    [
        ("kk", "Айналым · уақыт, с", "2:58,500"),
        ("ru", "Круги · время, с", "2:58,500"),
        ("en", "Laps · time, s", "2:58.500"),
    ],
)
async def test_where_laps_come_first_the_board_shows_laps_and_their_time(
    guest: httpx.AsyncClient, lab: Lab, language: str, heading: str, time: str
) -> None:
    race = next(each for each in iter_disciplines() if each.id == "robo_race")
    service = lab.championships
    service.create("test", NewChampionship("race", {"en": "Race"}, race.text), key="begin")
    service.add_entries("test", "race", [TeamRow(1, "Bürkit", "№ 1")], key="teams")
    service.set_field("test", "race", "1", [], key="field")
    for command in (cmd.OpenRun("r", "1", 1, "1"), cmd.ProposeManual(178_500_000, 400, 10), cmd.Accept()):
        service.execute("race", "r", command, actor="judge", source="test", key=command.KIND)
    page = (await guest.get("/board/race", params={"lang": language})).text
    assert heading in page
    assert '<b data-slot="result">10</b>' in page
    assert f'data-slot="bound">{time}</span>' in page


@pytest.mark.parametrize(
    ("language", "words"), [("kk", "Нәтиже, с"), ("ru", "Результат, с"), ("en", "Counts, s")]
)
async def test_the_board_speaks_three_languages(
    guest: httpx.AsyncClient, contest: Contest, language: str, words: str
) -> None:
    answer = await guest.get(f"/board/{SLUG}", params={"lang": language})
    assert words in answer.text
    assert f'lang="{language}"' in answer.text
