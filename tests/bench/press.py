"""A judge's press over HTTP, as a tablet sends it."""

import secrets
from typing import Any

import httpx

from tests.whole.test_power_cut import SLUG


async def press(judge: httpx.AsyncClient, run: str, kind: str, payload: dict[str, Any]) -> None:
    """One command, taken by the hub; `judge` is signed in."""
    answer = await judge.post(
        f"/api/v1/championships/{SLUG}/runs/{run}/commands",
        json={"kind": kind, "payload": payload},
        headers={"Idempotency-Key": secrets.token_hex(8), "Origin": str(judge.base_url)},
    )
    answer.raise_for_status()
