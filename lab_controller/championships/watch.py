"""What happens because time passes: a gate, a passage or the broker stays away, a time limit is reached."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from sqlmodel import Session, col, select

from competitions import commands as cmd
from devices.timing.passages import SPEC_PPM
from lab_controller.bus.handler import Effects
from lab_controller.championships import crediting, gate_faults
from lab_controller.championships.desk import Desk
from lab_controller.championships.execution import carry_out
from lab_controller.championships.journal import lock_championship
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.tables import Arming, Championship
from lab_controller.database import AGAIN_LATER
from lab_controller.errors import LabError

log = structlog.get_logger(__name__)

SILENT_US = 2_000_000
LATE_NEWS_US = 1_000_000
AWAY_US = 1_000_000
EVERY_S = 0.25
LIMIT_FAILED = "time_limit"
BROKER_AWAY = "broker_away"


class Watch:
    """Looks at the runs that are under way, four times a second; any number of workers may."""

    def __init__(
        self,
        service: ChampionshipService,
        *,
        spec_ppm: int = SPEC_PPM,
        has_broker: Callable[[], bool] = lambda: True,
    ) -> None:
        self.service = service
        self.spec_ppm = spec_ppm
        self._has_broker = has_broker
        self._away_since_us: int | None = None
        self._away = False

    async def run(self) -> None:
        """Look until cancelled; a database that is away is tried again."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except AGAIN_LATER as error:
                log.warning("the watch waits for the database", error=str(error)[:200])
            await asyncio.sleep(EVERY_S)

    def look(self) -> None:
        """Do what is due now; writes only if something is."""
        self._look_at_broker(self.service.clock.now_us())
        with self.service.database.read() as session:
            due = self._due(session)
        for championship_id in due:
            with self.service.database.write() as session:
                championship = lock_championship(session, championship_id)
                now_us = self.service.clock.now_us()
                desk = Desk(session, self.service.projections, championship, now_us)
                effects = self._act(desk)
                publish = desk.committed()
            publish()
            self.service.follow(effects)

    def _look_at_broker(self, now_us: int) -> None:
        if self._has_broker():
            self._away_since_us = None
        elif self._away_since_us is None:
            self._away_since_us = now_us
        self._away = self._away_since_us is not None and now_us - self._away_since_us >= AWAY_US

    def _due(self, session: Session) -> list[int]:
        now_us = self.service.clock.now_us()
        armings = session.exec(_under_way()).all()
        due = {
            each.championship_id
            for each in armings
            if _is_silent(each, now_us)
            or _is_stuck(each, now_us)
            or (self._away and BROKER_AWAY not in each.faults)
        }
        for championship_id in {each.championship_id for each in armings} - due:
            desk = Desk(
                session,
                self.service.projections,
                session.get_one(Championship, championship_id),
                now_us,
            )
            if _over_limit(desk, [each for each in armings if each.championship_id == championship_id]):
                due.add(championship_id)
        return sorted(due)

    def _act(self, desk: Desk) -> Effects:
        effects = Effects()
        query = _under_way().where(Arming.championship_id == desk.championship_id)
        armings = desk.session.exec(query.execution_options(populate_existing=True)).all()
        docket = crediting.Docket(desk.session, {each.device for each in armings})
        passages = docket.passages()
        for arming in armings:
            if _is_silent(arming, desk.now_us):
                silent = [each for each in armings if each.token == arming.token and each.boot is None]
                effects.extend(gate_faults.report(desk, silent, "gate_silent", {}))
            elif _is_stuck(arming, desk.now_us) and arming.boot is not None:
                rows = passages[arming.device, arming.boot]
                effects.extend(crediting.advance(desk, docket, arming, rows, self.spec_ppm))
        if self._away:
            effects.extend(gate_faults.report(desk, armings, BROKER_AWAY, {}))
        for run in _over_limit(desk, armings):
            effects.extend(_end(desk, run, [each for each in armings if each.run == run]))
        return effects


def _end(desk: Desk, run: str, armings: Sequence[Arming]) -> Effects:
    """Call the time limit; rules that cannot be computed are the judge's to know, once."""
    try:
        return carry_out(desk, run, cmd.ReachTimeLimit(), actor="system", source="clock").effects
    except LabError as error:
        return gate_faults.report(desk, armings, "rule_failed", {"rule": error.code}, name=LIMIT_FAILED)


def _under_way() -> Any:
    query = select(Arming).where(col(Arming.closed).is_(False), col(Arming.run).is_not(None))
    return query.order_by(col(Arming.id))


def _is_silent(arming: Arming, now_us: int) -> bool:
    waits = arming.boot is None and "gate_silent" not in arming.faults
    return waits and now_us - arming.asked_us >= SILENT_US


def _is_stuck(arming: Arming, now_us: int) -> bool:
    since_us = arming.stuck_since_us
    return since_us is not None and now_us - since_us >= crediting.HOLD_US


def _over_limit(desk: Desk, armings: Sequence[Arming]) -> list[str]:
    """Runs past their limit, news of a finish in time having had time to come."""
    over = []
    for name in sorted({each.run for each in armings if each.run is not None}):
        if any(each.run == name and LIMIT_FAILED in each.faults for each in armings):
            continue
        run, limit_us = desk.state.runs[name], desk.state.rules_of(name).time_limit_us
        if run.phase != "running" or run.started_at_us is None or limit_us is None:
            continue
        if desk.now_us >= run.started_at_us + limit_us + LATE_NEWS_US:
            over.append(name)
    return over
