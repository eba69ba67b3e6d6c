"""LEGO's older bricks as other people's programs speak with them: each runs in an environment of its own."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.peers.parts import require_peer

HERE = Path(__file__).parent


async def session(peer: str, script: str, *args: str, within_s: float = 60) -> dict[str, Any]:
    """What `script` told as JSON, run with the packages of `peer`."""
    python = require_peer(peer, "python")
    running = await asyncio.create_subprocess_exec(
        python, HERE / script, *args, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(within_s):
            said, complained = await running.communicate()
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    assert running.returncode == 0, complained.decode()
    told: dict[str, Any] = json.loads(said)
    return told
