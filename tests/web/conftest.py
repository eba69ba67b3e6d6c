import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from lab_controller.clock import SteadyClock
from lab_controller.database import Database
from lab_controller.lab import Lab
from lab_controller.people import PeopleService
from lab_controller.settings import Settings
from tests.peers.databases import sqlite_template
from tests.web.people import ADMIN, JUDGE, PASSWORD, SCREEN, TEACHER
from web.app import create_app

SignIn = Callable[[str], Awaitable[httpx.AsyncClient]]


@cache
def settings_of_tests() -> Settings:
    """Read once: the environment does not change from test to test."""
    return Settings(
        mqtt_host="127.0.0.1",
        mqtt_port=0,
        argon2_time_cost=1,
        argon2_memory_kib=64,
        argon2_parallelism=1,
    )


def settings_in(folder: Path) -> Settings:
    return settings_of_tests().model_copy(update={"data_dir": folder})


@pytest.fixture(scope="session")
def peopled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with four accounts and nothing else, to be copied."""
    folder = tmp_path_factory.mktemp("peopled")
    path = folder / "lab.sqlite3"
    shutil.copy(sqlite_template(), path)
    database = Database(f"sqlite:///{path}")
    people = PeopleService(database, SteadyClock(), settings_in(folder))
    for login, role, scope in (ADMIN, JUDGE, SCREEN, TEACHER):
        people.create_account(actor="test", login=login, password=PASSWORD, language="en")
        people.grant(actor="test", login=login, role=role, scope=scope)
    database.close()
    return path


@pytest.fixture
async def lab(tmp_path: Path, peopled_database: Path) -> AsyncIterator[Lab]:
    """A real lab with four accounts and nothing else."""
    shutil.copy(peopled_database, tmp_path)
    async with Lab.open(settings_in(tmp_path), embedded_agent=False) as lab:
        yield lab


@pytest.fixture
def app(lab: Lab) -> FastAPI:
    return create_app(lab)


@pytest.fixture
async def browse(app: FastAPI) -> AsyncIterator[Callable[[], httpx.AsyncClient]]:
    """Opens browsers: clients that keep cookies, ask for pages in English and do not follow redirects."""
    async with AsyncExitStack() as stack:

        def browse() -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app=app, client=("10.0.0.7", 50_000), raise_app_exceptions=False)
            headers = {"Accept": "text/html", "Accept-Language": "en", "Origin": "http://lab"}
            client = httpx.AsyncClient(transport=transport, base_url="http://lab", headers=headers)
            stack.push_async_callback(client.aclose)
            return client

        yield browse


@pytest.fixture
def guest(browse: Callable[[], httpx.AsyncClient]) -> httpx.AsyncClient:
    return browse()


@pytest.fixture
def sign_in(browse: Callable[[], httpx.AsyncClient]) -> SignIn:
    """A browser in which somebody has signed in."""

    async def sign_in(login: str) -> httpx.AsyncClient:
        client = browse()
        answer = await client.post("/sign-in", data={"login": login, "password": PASSWORD})
        assert answer.status_code == 303
        return client

    return sign_in


@pytest.fixture
async def admin(sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in(ADMIN[0])
