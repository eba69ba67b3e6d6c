"""What every answer has, and what is refused before a page is asked."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from lab_controller.lab import Lab
from tests.peers import postgres
from tests.web.conftest import settings_in
from tests.web.people import PASSWORD
from web.app import create_app
from web.limits import MAX_BODY_BYTES, MAX_UPLOAD_BYTES


@pytest.mark.parametrize("path", ["/", "/sign-in", "/healthz", "/no-such-page"])
async def test_every_answer_forbids_foreign_scripts_and_frames(guest: httpx.AsyncClient, path: str) -> None:
    headers = (await guest.get(path)).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'self'", "'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


async def test_a_request_keeps_a_decent_id_and_gets_one_otherwise(guest: httpx.AsyncClient) -> None:
    kept = await guest.get("/healthz", headers={"X-Request-Id": "tablet-7.000123"})
    given = await guest.get("/healthz", headers={"X-Request-Id": "bad id\tx"})
    assert kept.headers["x-request-id"] == "tablet-7.000123"
    assert len(given.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://lab.evil.example"},
        {"Origin": "http://lab", "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_write_from_another_sites_page_is_refused(
    admin: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await admin.post("/sign-out", headers=headers)
    assert answer.status_code == 403
    assert "This came from another site" in answer.text
    assert (await admin.get("/account")).status_code == 200


async def test_a_program_without_an_origin_may_write(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://lab") as program:
        answer = await program.post("/sign-in", data={"login": "admin", "password": PASSWORD})
    assert answer.status_code == 303


@pytest.mark.peer
async def test_a_character_that_postgresql_does_not_keep_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path).model_copy(update={"database_url": postgres.migrated_database()})
    try:
        async with Lab.open(settings, embedded_agent=False) as lab:
            transport = httpx.ASGITransport(app=create_app(lab), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://lab") as program:
                answers = [
                    await program.get("/board/a%00b"),
                    await program.post("/sign-in", data={"login": "a\0b", "password": PASSWORD}),
                ]
    finally:
        postgres.drop_database(settings.database_url)
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (422, "text_unstorable")
    ] * 2


async def test_a_body_over_the_limit_is_refused_before_it_is_read(guest: httpx.AsyncClient) -> None:
    async def never_sent() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    form = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(MAX_BODY_BYTES + 1)}
    plain = await guest.post("/sign-in", content=never_sent(), headers=form)
    upload = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(MAX_UPLOAD_BYTES + 1)}
    file = await guest.post("/championships/cup/import", content=never_sent(), headers=upload)
    assert (plain.status_code, file.status_code) == (413, 413)
    assert "Send a file under 5 MB." in file.text


async def test_a_body_of_unknown_length_is_cut_off_at_the_limit(guest: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b"x" * 65_536

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await guest.post("/sign-in", content=endless(), headers=form)
    assert answer.status_code == 413
    assert sent <= MAX_BODY_BYTES + 2 * 65_536


async def test_errors_are_problem_details_for_programs_and_pages_for_people(guest: httpx.AsyncClient) -> None:
    page = await guest.get("/api/v1/championships/none/standings")
    assert page.headers["content-type"] == "application/problem+json"
    problem = page.json()
    assert problem.pop("request_id") == page.headers["x-request-id"]
    assert problem == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such championship. Open the list of championships and choose one.",
        "instance": "/api/v1/championships/none/standings",
        "code": "championship_unknown",
        "params": {"championship": "none"},
    }
    people = await guest.get("/no-such-page")
    assert people.status_code == 404
    assert "There is no page at this address." in people.text


@pytest.mark.parametrize(
    ("language", "heading"),
    [("kk", "Мұнда ештеңе жоқ"), ("ru", "Здесь ничего нет"), ("en", "There is nothing here")],
)
async def test_a_page_speaks_the_language_that_was_asked_for(
    guest: httpx.AsyncClient, language: str, heading: str
) -> None:
    page = await guest.get("/no-such-page", params={"lang": language})
    assert heading in page.text
    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language


async def test_a_chosen_language_stays(guest: httpx.AsyncClient) -> None:
    chosen = await guest.post("/language", data={"language": "kk", "next": "/sign-in"})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/sign-in")
    assert '<html lang="kk">' in (await guest.get("/sign-in")).text


async def test_the_language_of_a_link_stays_too(guest: httpx.AsyncClient) -> None:
    await guest.get("/sign-in", params={"lang": "ru"})
    await guest.post("/sign-in", data={"login": "admin", "password": PASSWORD})
    assert '<html lang="ru">' in (await guest.get("/account")).text
    await guest.get("/sign-in", params={"lang": "xx"})
    assert '<html lang="ru">' in (await guest.get("/account")).text


async def test_health_readiness_and_metrics_are_told(guest: httpx.AsyncClient, lab: Lab) -> None:
    await lab.hub.wait_connected()
    assert (await guest.get("/healthz")).json() == {"status": "ok"}
    ready = await guest.get("/readyz")
    assert (ready.status_code, ready.json()["problems"]) == (200, [])
    metrics = (await guest.get("/metrics")).text
    assert 'lab_http_requests_total{method="GET",route="/readyz",status="200"} 1.0' in metrics
    assert "lab_broker_connected" in metrics


async def test_assets_are_kept_for_good_under_their_hash(guest: httpx.AsyncClient) -> None:
    page = (await guest.get("/sign-in")).text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = await guest.get(address)
    assert (answer.status_code, answer.headers["cache-control"]) == (
        200,
        "public, max-age=31536000, immutable",
    )


async def test_no_page_needs_a_script_of_its_own_or_an_inline_style(admin: httpx.AsyncClient) -> None:
    for path in ("/", "/sign-in", "/championships", "/new-championship", "/devices", "/account"):
        page = (await admin.get(path)).text
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick=" not in page
        assert "<script>" not in page
