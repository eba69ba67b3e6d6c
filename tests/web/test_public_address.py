"""An address that is printed or scanned is one that other machines can open."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from lab_controller.championships.setup import NewChampionship
from lab_controller.lab import Lab
from tests.web.people import PASSWORD
from tests.web.test_api import LINE
from web import public_address
from web.app import create_app

HERE = "http://127.0.0.1:8123"
ALONE = "Phones and tablets cannot open the lab yet."

Stand = Callable[..., None]


@pytest.fixture
async def here(lab: Lab) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator's browser on the lab's own machine."""
    lab.championships.create("test", NewChampionship("cup", {"en": "Cup"}, LINE.text), key="begin")
    transport = httpx.ASGITransport(app=create_app(lab))
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    async with httpx.AsyncClient(transport=transport, base_url=HERE, headers=headers) as client:
        await client.post("/sign-in", data={"login": "admin", "password": PASSWORD})
        yield client


@pytest.fixture
def stand(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Puts the lab's machine into a network, where `found` is its address, and changes settings."""

    def stand(found: str | None, **settings: str) -> None:
        monkeypatch.setattr(public_address, "find_lan_address", lambda: found)
        monkeypatch.setattr(lab, "settings", lab.settings.model_copy(update=settings))

    return stand


@pytest.mark.parametrize("host", ["127.0.0.1:8123", "localhost:8123", "[::1]:8123"])
async def test_the_machines_own_name_gives_way_to_its_address_in_the_network(
    here: httpx.AsyncClient, stand: Stand, host: str
) -> None:
    stand("192.168.1.20")
    page = (await here.get("/championships/cup", headers={"Host": host})).text
    assert "http://192.168.1.20:8123/board/cup" in page
    assert ALONE not in page


async def test_the_address_in_the_settings_goes_before_any_other(
    here: httpx.AsyncClient, stand: Stand
) -> None:
    stand("192.168.1.20", public_url="https://lab.school.kz", host="127.0.0.1")
    assert "https://lab.school.kz/board/cup" in (await here.get("/championships/cup")).text


async def test_a_name_that_others_know_stays(here: httpx.AsyncClient, stand: Stand) -> None:
    stand(None)
    page = (await here.get("/championships/cup", headers={"Host": "lab.local:8123"})).text
    assert "http://lab.local:8123/board/cup" in page


@pytest.mark.parametrize(
    ("found", "host", "remedy"),
    [
        ("192.168.1.20", "127.0.0.1", "Start it again with LAB_HOST=0.0.0.0"),
        ("192.168.1.20", "localhost", "Start it again with LAB_HOST=0.0.0.0"),
        (None, "0.0.0.0", "Connect it to the hall's network"),
    ],
)
async def test_where_nobody_else_can_come_a_note_stands_instead_of_the_code(
    here: httpx.AsyncClient, stand: Stand, found: str | None, host: str, remedy: str
) -> None:
    stand(found, host=host)
    page = (await here.get("/championships/cup")).text
    assert ALONE in page
    assert remedy in page
    assert "127.0.0.1" not in page
    assert 'class="qr"' not in page
    assert (await here.get("/championships/cup/qr.svg")).status_code == 404


async def test_a_new_judge_is_not_sent_to_the_judges_own_tablet(
    here: httpx.AsyncClient, stand: Stand
) -> None:
    new = {"role": "judge", "login": "ermek"}
    stand("192.168.1.20")
    assert "http://192.168.1.20:8123/sign-in" in (await here.post("/championships/cup/access", data=new)).text
    stand(None)
    page = (await here.post("/championships/cup/access", data=new | {"login": "aigul"})).text
    assert ALONE in page
    assert "127.0.0.1" not in page
