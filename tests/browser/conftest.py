from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.browser.contests import Contest, open_contest
from tests.peers.browser import open_browser, open_page, serve
from web.app import create_app


@pytest.fixture
async def contest(tmp_path: Path) -> AsyncIterator[Contest]:
    async with open_contest(tmp_path) as contest:
        yield contest


@pytest.fixture
async def site(contest: Contest) -> AsyncIterator[str]:
    async with serve(create_app(contest.lab)) as address:
        yield address


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


@pytest.fixture
async def page(browser: Browser, site: str) -> AsyncIterator[Page]:
    async with open_page(browser, site) as page:
        yield page
