"""`python -m tests.devices.fuzz.guided FOLDER SECONDS PLACE`: libFuzzer, led by what it reaches in our code.

Needs atheris, which `scripts/peers.sh` puts beside us. It searches one part of the targets, whose first byte
chooses between them: in one search for all, the large ones would leave nothing to the small.
FOLDER/failures.jsonl has the failures, FOLDER/tally-PLACE.json the executions.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from tests.devices.fuzz.search import Identity, Tally
from tests.peers.parts import PEERS

PARTS = 20
TELL_S = 1.0
INPUT_BYTES = 4096
GRACE_S = 60
REPOSITORY = Path(__file__).parents[3]
SITE = next(iter(PEERS.glob("atheris/lib/python*/site-packages")), None)


def is_there() -> bool:
    """Whether atheris is."""
    return SITE is not None


def search(folder: Path, seconds: float) -> None:
    """Every part after the other, each in a process. Raises RuntimeError if one does not end well."""
    until = time.monotonic() + seconds
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(REPOSITORY), str(SITE)))}
    for place in range(PARTS):
        share_s = max(2, round((until - time.monotonic()) / (PARTS - place)))
        command = [sys.executable, "-m", "tests.devices.fuzz.guided", str(folder), str(share_s), str(place)]
        with (folder / f"log-{place}").open("wb") as log:
            ended = subprocess.run(
                command, env=environment, stdout=log, stderr=log, timeout=share_s + GRACE_S, check=False
            )
        if ended.returncode:
            raise RuntimeError((folder / f"log-{place}").read_text(errors="replace")[-2000:])


def read(folder: Path) -> tuple[dict[str, int], dict[Identity, list[bytes]]]:
    """Executions by target, and an input of each failure."""
    executions: dict[str, int] = {}
    for told in folder.glob("tally-*.json"):
        executions |= json.loads(told.read_text())
    failures: dict[Identity, list[bytes]] = {}
    found = folder / "failures.jsonl"
    for line in found.read_text().splitlines() if found.exists() else ():
        one = json.loads(line)
        failures[tuple(one["identity"])] = [bytes.fromhex(piece) for piece in one["pieces"]]
    return executions, failures


class _Search:
    """Runs what libFuzzer thinks of."""

    def __init__(self, folder: Path, place: int) -> None:
        from tests.devices.fuzz import iter_targets

        self.targets = iter_targets()[place::PARTS]
        self._told = folder / f"tally-{place}.json"
        self._tally = Tally()
        self._failures: IO[str] = (folder / "failures.jsonl").open("a")
        self._tell_s = 0.0

    def write_seeds(self, corpus: Path) -> None:
        """Valid inputs to begin with."""
        from tests.devices.fuzz.target import join

        for number, target in enumerate(self.targets):
            for place, pieces in enumerate(target.seeds):
                (corpus / f"{number}-{place}").write_bytes(bytes((number,)) + join(pieces))

    def one(self, data: bytes) -> None:
        """One input."""
        from tests.devices.fuzz.target import Broken, cut, run

        if not data:
            return
        target = self.targets[data[0] % len(self.targets)]
        pieces = cut(data[1:])
        try:
            self._tally.count(target, run(target, pieces, timed=False))
        except Broken as broken:
            if broken.identity not in self._tally.failures:
                self._tally.failures[broken.identity] = []
                told = {"identity": broken.identity, "pieces": [piece.hex() for piece in pieces]}
                self._failures.write(json.dumps(told) + "\n")
                self._failures.flush()
        if time.monotonic() - self._tell_s > TELL_S:
            self._tell_s = time.monotonic()
            written = self._told.with_suffix(".new")
            written.write_text(json.dumps(self._tally.executions))
            written.replace(self._told)


def main(folder: Path, seconds: int, place: int) -> None:
    """Search one part until the time is over."""
    import atheris

    with atheris.instrument_imports(include=["devices"], enable_loader_override=False):
        search = _Search(folder, place)
    corpus = folder / f"corpus-{place}"
    corpus.mkdir(exist_ok=True)
    search.write_seeds(corpus)
    limits = [f"-max_total_time={seconds}", f"-max_len={INPUT_BYTES}", "-timeout=30", "-print_final_stats=1"]
    atheris.Setup(["guided", *limits, f"-artifact_prefix={folder}/", str(corpus)], search.one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
