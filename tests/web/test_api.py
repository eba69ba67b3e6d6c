import httpx
import pytest

from competitions.disciplines import iter_disciplines
from lab_controller.championships.log import verify_lines
from lab_controller.championships.setup import NewChampionship
from lab_controller.lab import Lab
from tests.web.conftest import SignIn

API = "/api/v1/championships"
LINE = next(each for each in iter_disciplines() if each.id == "line_following_b")
NAMES = {"kk": "Сызық", "ru": "Линия", "en": "Line"}
NEW = {"slug": "cup", "name": NAMES, "discipline": LINE.id}


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name, "Accept": "application/json"}


async def begin(admin: httpx.AsyncClient) -> None:
    assert (await admin.post(API, json=NEW, headers=key("new"))).status_code == 201
    teams = {"teams": [{"team": name, "school": "№ 28"} for name in ("Арлан", "Қыран", "Барыс")]}
    assert (await admin.post(f"{API}/cup/entries", json=teams, headers=key("teams"))).status_code == 201


async def test_a_championship_is_begun_once_however_often_it_is_sent(admin: httpx.AsyncClient) -> None:
    first = await admin.post(API, json=NEW, headers=key("new"))
    again = await admin.post(API, json=NEW, headers=key("new"))
    assert (first.status_code, first.json()) == (201, {"seqs": [1, 2], "rev": 2})
    assert again.json() == first.json()
    other = await admin.post(API, json=NEW | {"slug": "other"}, headers=key("new"))
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    assert [each["slug"] for each in (await admin.get(API)).json()["items"]] == ["cup"]


async def test_a_key_that_comes_with_another_request_is_refused(admin: httpx.AsyncClient) -> None:
    await begin(admin)
    answer = await admin.put(f"{API}/cup/embargo", json={"embargo": True}, headers=key("teams"))
    assert (answer.status_code, answer.json()["code"]) == (409, "key_reused")


async def test_the_standings_are_public_and_name_no_child(
    guest: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await begin(admin)
    told = (await guest.get(f"{API}/cup/standings")).json()
    row = {"place": None, "tied": False, "unresolved": False, "school": "№ 28", "attempts": [None] * 3}
    assert set(told) == {"slug", "rev", "hash", "embargo", "ranking_unit", "items", "next"}
    assert [(each["entry"], each["team"]) for each in told["items"]] == [
        ("1", "Арлан"),
        ("2", "Қыран"),
        ("3", "Барыс"),
    ]
    assert set(told["items"][0]) == {*row, "entry", "team", "result"}


async def test_lists_come_in_pages_that_fit_together(guest: httpx.AsyncClient, lab: Lab) -> None:
    for number in range(5):
        spec = NewChampionship(f"cup-{number}", NAMES, LINE.text)
        lab.championships.create("test", spec, key=f"cup-{number}")
    seen, cursor = [], ""
    while cursor is not None:
        page = (await guest.get(API, params={"limit": 2, "cursor": cursor})).json()
        seen += [each["slug"] for each in page["items"]]
        cursor = page["next"]
    assert seen == [f"cup-{number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize("cursor", ["!", "bnVsbA", "WzFd", "W10", "eyJ9"])
async def test_a_cursor_of_ones_own_making_is_refused(guest: httpx.AsyncClient, cursor: str) -> None:
    answer = await guest.get(API, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


async def test_the_log_is_what_lab_verify_accepts(guest: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    await begin(admin)
    first = (await guest.get(f"{API}/cup/log", params={"limit": 3})).json()
    rest = (await guest.get(f"{API}/cup/log", params={"after": first["next"], "limit": 500})).json()
    records = first["items"] + rest["items"]
    assert [record["kind"] for record in records] == [
        "contest_created",
        "discipline_set",
        "entry_added",
        "entry_added",
        "entry_added",
    ]
    exported = await admin.get("/championships/cup/log.jsonl")
    report = verify_lines(exported.content.splitlines(keepends=True))
    assert (report.ok, report.records) == (True, 5)


async def test_under_embargo_the_public_sees_neither_results_nor_the_log_of_them(
    guest: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    await begin(admin)
    await admin.put(f"{API}/cup/embargo", json={"embargo": True}, headers=key("hide"))
    more = {"teams": [{"team": "Later", "school": "№ 1"}]}
    await admin.post(f"{API}/cup/entries", json=more, headers=key("later"))
    public = (await guest.get(f"{API}/cup/log")).json()
    staff = (await admin.get(f"{API}/cup/log")).json()
    assert (public["items"][-1]["kind"], staff["items"][-1]["kind"]) == ("embargo_set", "entry_added")
    assert (await guest.get(f"{API}/cup/standings")).json()["embargo"] is True


async def test_under_embargo_an_instructor_saves_no_more_of_the_log_than_anybody_sees(
    admin: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await begin(admin)
    await admin.put(f"{API}/cup/embargo", json={"embargo": True}, headers=key("hide"))
    more = {"teams": [{"team": "Later", "school": "№ 1"}]}
    await admin.post(f"{API}/cup/entries", json=more, headers=key("later"))
    saved = {}
    for login in ("teacher", "admin"):
        client = admin if login == "admin" else await sign_in(login)
        lines = (await client.get("/championships/cup/log.jsonl")).content.splitlines(keepends=True)
        report = verify_lines(lines)
        assert report.ok
        saved[login] = report.records
    assert saved == {"teacher": 6, "admin": 7}


@pytest.mark.parametrize(("login", "status"), [(None, 401), ("judge", 403), ("hall", 403), ("teacher", 403)])
async def test_writing_is_for_administrators(
    browse: object, guest: httpx.AsyncClient, sign_in: SignIn, login: str | None, status: int
) -> None:
    client = await sign_in(login) if login else guest
    answer = await client.post(API, json=NEW, headers=key("new"))
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_a_write_without_its_key_is_refused(admin: httpx.AsyncClient) -> None:
    answer = await admin.post(API, json=NEW)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    assert answer.json()["params"]["at"] == "header.idempotency-key"


async def test_devices_are_for_staff(guest: httpx.AsyncClient, sign_in: SignIn) -> None:
    assert (await guest.get("/api/v1/devices")).status_code == 401
    assert (await (await sign_in("judge")).get("/api/v1/devices")).status_code == 403
    assert (await (await sign_in("teacher")).get("/api/v1/devices")).json() == {"items": [], "next": None}


async def test_half_a_surrogate_pair_is_refused_not_choked_on(admin: httpx.AsyncClient) -> None:
    await begin(admin)
    body = b'{"kind": "\\ud800", "payload": {}}'
    headers = key("odd") | {"Content-Type": "application/json"}
    answer = await admin.post(f"{API}/cup/runs/r1/commands", content=body, headers=headers)
    assert (answer.status_code, answer.json()["params"]) == (422, {"kind": "\ud800"})
