"""Schemathesis sends what the interface's description allows and forbids, and holds the answers to it."""

import asyncio
from collections.abc import Callable

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lab_controller.lab import Lab
from tests.peers.browser import serve
from tests.web.gates import add_gate
from tests.web.people import ADMIN, PASSWORD
from tests.web.test_api import LINE, NAMES, NewChampionship
from web.auth import COOKIE

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
QUIET = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@pytest.mark.parametrize("signed_in", [True, False], ids=["as an administrator", "as a guest"])
async def test_every_answer_is_as_described(lab: Lab, app: FastAPI, signed_in: bool) -> None:
    lab.championships.create("test", NewChampionship("cup", NAMES, LINE.text), key="begin")
    add_gate(lab, "gate-a1b2c3", "Gate A")
    cookies = {COOKIE: lab.people.sign_in(ADMIN[0], PASSWORD, "10.0.0.1")} if signed_in else {}
    async with serve(app) as address:
        tried = await asyncio.to_thread(try_everything, address, cookies)
    assert len(tried) >= 12


def try_everything(address: str, cookies: dict[str, str]) -> list[str]:
    """Each operation of the interface, many times; gives their names."""
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    tried = []
    for found in schema.get_all_operations():
        operation = found.ok()
        strategy = operation.as_strategy()
        QUIET(given(strategy)(calling(cookies)))()
        tried.append(operation.label)
    return tried


def calling(cookies: dict[str, str]) -> Callable[[Case], None]:
    def call(case: Case) -> None:
        case.call_and_validate(cookies=cookies, checks=CHECKS, timeout=10)

    return call
