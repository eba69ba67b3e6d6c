"""SIGTERM ends a command, whoever started it."""

import signal
import subprocess
import sys

CODE = """
import asyncio, os, signal
from lab_controller.cli._stopping import end_like_ctrl_c
end_like_ctrl_c()
async def run():
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(20)
try:
    asyncio.run(run())
except KeyboardInterrupt:
    print("closed")
"""


def test_a_command_that_a_script_started_in_the_background_is_ended_too() -> None:
    """A shell without job control lets such a command ignore Ctrl+C."""
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "closed\n"
