"""The hub's handler for timing gates: stored, credited and logged in one transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, Select, bindparam, union
from sqlmodel import Session, col, select, tuple_

from competitions import commands as cmd
from devices.timing.passages import SPEC_PPM
from lab_controller.bus.handler import Effects, Inbound, Outbound
from lab_controller.bus.topics import Topic
from lab_controller.canonical import canonical_json
from lab_controller.championships import crediting, elapsed, gate_faults, gate_messages
from lab_controller.championships.desk import Desk
from lab_controller.championships.execution import carry_out
from lab_controller.championships.gate_messages import Answer, GateMessages, Seen
from lab_controller.championships.journal import lock_championship
from lab_controller.championships.rows import insert_new
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.tables import Arming, Championship, EdgeRow, PassageRow
from lab_controller.equipment.tables import Device

GONE = frozenset({"lost", "disconnected"})
_OF_GATES = select(Arming.championship_id).where(col(Arming.device).in_(bindparam("devices", expanding=True)))
_OPEN = _OF_GATES.where(col(Arming.closed).is_(False))
_ASKED = _OF_GATES.where(col(Arming.token).in_(bindparam("tokens", expanding=True)))


def _locked(ids: Any) -> Select[Any]:
    query = select(Championship).where(col(Championship.id).in_(ids)).order_by(col(Championship.id))
    return query.with_for_update().execution_options(populate_existing=True)


_LOCK_OPEN, _LOCK_ASKED = _locked(_OPEN), _locked(union(_OPEN, _ASKED))


class PassageHandler:
    """`spec_ppm` is how far a board's clock may be off before it has been measured."""

    def __init__(self, service: ChampionshipService, *, spec_ppm: int = SPEC_PPM) -> None:
        self.service = service
        self.spec_ppm = spec_ppm

    def wants(self, topic: Topic) -> bool:
        return gate_messages.wants(topic)

    def store(self, session: Session, messages: Sequence[Inbound]) -> Effects:
        """In any order, any number of times: what comes of it is the same."""
        return _Batch(self, session, gate_messages.read(messages)).store()


class _Batch:
    def __init__(self, handler: PassageHandler, session: Session, told: GateMessages) -> None:
        self.session = session
        self.told = told
        self.spec_ppm = handler.spec_ppm
        self.projections = handler.service.projections
        self.now_us = handler.service.clock.now_us()
        self.effects = Effects()
        self.desks: dict[int, Desk] = {}
        self.refused: set[tuple[str, str, int]] = set()

    def store(self) -> Effects:
        children = self._children()
        devices = {each.device for each in self.told.passages} | {each.device for each in self.told.answers}
        devices |= {each[0] for each in self.told.fits} | {each[0] for each in self.told.states}
        devices |= {each[0] for each in self.told.alerts}
        devices |= {child for each in children.values() for child in each}
        self._lock(devices)
        docket = crediting.Docket(self.session, devices)
        for answer in self.told.answers:
            self._take_answer(answer)
        self._report_restarts(docket)
        self._report_states(docket.open, children)
        self._report_alerts(docket.open)
        self._insert_edges()
        fresh = self._insert_passages()
        self._refuse_others(docket.open, fresh)
        self._credit(docket, fresh)
        self._confirm()
        self.effects.committed += [desk.committed() for desk in self.desks.values()]
        return self.effects

    def _children(self) -> dict[str, list[str]]:
        """The devices behind each agent that told of its state: they come and go with it."""
        agents = [device for device, _ in self.told.states]
        children: dict[str, list[str]] = {}
        if agents:
            query = select(Device.agent, Device.id).where(col(Device.agent).in_(agents))
            for agent, device in self.session.exec(query).all():
                children.setdefault(str(agent), []).append(device)
        return children

    def _lock(self, devices: set[str]) -> None:
        """Hold every championship that the batch may write to, always in the same order."""
        tokens = sorted({answer.token for answer in self.told.answers})
        query, params = _LOCK_OPEN, {"devices": sorted(devices)}
        if tokens:
            query, params = _LOCK_ASKED, {**params, "tokens": tokens}
        for championship in self.session.scalars(query, params):
            self._sit_down(championship)

    def _desk(self, championship_id: int) -> Desk:
        known = self.desks.get(championship_id)
        return known or self._sit_down(lock_championship(self.session, championship_id))

    def _sit_down(self, championship: Championship) -> Desk:
        desk = Desk(self.session, self.projections, championship, self.now_us)
        self.desks[desk.championship_id] = desk
        return desk

    def _take_answer(self, answer: Answer) -> None:
        query = select(Arming).where(Arming.device == answer.device, Arming.token == answer.token)
        mine = self.session.exec(query).all()
        for arming in mine:
            if arming.boot is None:
                arming.boot, arming.armed_seq, arming.heard_seq = answer.boot, answer.seq, answer.seq
                arming.closed = arming.run is None
        self.session.flush()
        for arming in mine[:1]:
            if arming.run is not None:
                self._arm(self._desk(arming.championship_id), arming.run, answer)

    def _arm(self, desk: Desk, run: str, answer: Answer) -> None:
        """The run is armed when the last of its gates has answered."""
        known = desk.state.runs[run]
        if known.phase != "arming" or known.token != answer.token:
            return
        query = select(Arming).where(Arming.token == answer.token, Arming.run == run)
        armings = self.session.exec(query.order_by(col(Arming.device), col(Arming.input))).all()
        if any(each.boot is None for each in armings):
            return
        gates = {each.device: {"boot": each.boot, "seq": each.armed_seq} for each in armings}
        armed = cmd.Armed({"gates": gates})
        self.effects.extend(carry_out(desk, run, armed, actor="system", source=answer.device).effects)

    def _report_restarts(self, docket: crediting.Docket) -> None:
        """A boot that was never seen before is a board that was reset: its seq starts anew."""
        heard = {(each.device, each.boot) for each in self.told.answers}
        heard |= {(each.device, each.boot) for each in self.told.passages}
        # A boot that has answered an arming was noted when it did.
        heard -= docket.boots
        fitted = {(device, fit["boot"]) for device, fit in self.told.fits}
        boots = elapsed.load_boots(self.session, heard | fitted)
        for device, fit in self.told.fits:
            elapsed.remember_fit(self.session, device, fit, self.now_us)
        for device, boot in sorted(heard - fitted):
            elapsed.remember_boot(self.session, device, boot, self.now_us)
        news = (heard | fitted) - {(each.device, each.boot) for each in boots}
        for device, boot in sorted(news):
            hit = [each for each in docket.open if each.device == device and each.boot not in (None, boot)]
            self._report(hit, "gate_restarted", {"boot": boot}, name=f"gate_restarted {boot}")

    def _report_states(self, armings: Sequence[Arming], children: dict[str, list[str]]) -> None:
        for device, state in self.told.states:
            concerned = {device, *children.get(device, ())}
            hit = [each for each in armings if each.device in concerned]
            if state in GONE:
                self._report(hit, "gate_lost", {"state": state})
            elif state == "ready":
                gate_faults.forget(hit, "gate_lost")

    def _report_alerts(self, armings: Sequence[Arming]) -> None:
        for device, alert, params in self.told.alerts:
            hit = [each for each in armings if each.device == device]
            if params is None:
                gate_faults.forget(hit, f"alert {alert}")
                continue
            match params:
                case {"code": "board_reset"}:
                    # Its next boot says the same, and which.
                    pass
                case {"code": "passages_lost", "first": int(first), "last": int(last)}:
                    name = gate_faults.lost_name(last + 1)
                    self._report(hit, "passages_lost", {"from": first, "to": last}, name=name)
                case _:
                    self._report(hit, params.get("code") or alert, params, name=f"alert {alert}")

    def _report(self, armings: Sequence[Arming], code: str, params: dict[str, Any], name: str = "") -> None:
        for championship_id in sorted({each.championship_id for each in armings}):
            hit = [each for each in armings if each.championship_id == championship_id]
            desk = self._desk(championship_id)
            self.effects.extend(gate_faults.report(desk, hit, code, params, name=name))

    def _insert_passages(self) -> list[Row[Any]]:
        """Those that were not there yet, in the order of their boards."""
        rows = [{**_columns(each), "seq": each.number} for each in self.told.passages]
        return sorted(
            insert_new(self.session, PassageRow, rows), key=lambda row: (row.device, row.boot, row.seq)
        )

    def _refuse_others(self, armings: Sequence[Arming], fresh: Sequence[Row[Any]]) -> None:
        """A board whose memory was erased counts its boots anew: what it says is not what is stored.

        Such a passage is not confirmed, so that it stays on its agent's disk, and the run is told.
        """
        known = {(each.device, each.boot, each.seq) for each in fresh}
        again = [each for each in self.told.passages if _identity(each) not in known]
        if not again:
            return
        identity = tuple_(PassageRow.device, PassageRow.boot, PassageRow.seq)
        query = select(PassageRow).where(identity.in_({_identity(each) for each in again}))
        stored = {
            (row.device, row.boot, row.seq): (row.lane, row.edge, row.us) for row in self.session.exec(query)
        }
        for each in again:
            if stored[_identity(each)] != (each.lane, each.edge, each.us):
                self.refused.add(_identity(each))
                hit = [arming for arming in armings if arming.device == each.device]
                lost = {"boot": each.boot, "from": each.number, "to": each.number}
                self._report(hit, "passages_lost", lost, name=f"boot_repeated {each.boot}")

    def _insert_edges(self) -> None:
        rows = [{**_columns(each), "n": each.number} for each in self.told.edges]
        insert_new(self.session, EdgeRow, rows)

    def _credit(self, docket: crediting.Docket, fresh: Iterable[Row[Any]]) -> None:
        for row in fresh:
            if not docket.owns(row):
                self._credit_late(row)
        passages = docket.passages()
        with self.session.no_autoflush:
            for arming in docket.open:
                if arming.boot is not None:
                    rows = passages[arming.device, arming.boot]
                    desk = self._desk(arming.championship_id)
                    self.effects.extend(crediting.advance(desk, docket, arming, rows, self.spec_ppm))

    def _credit_late(self, row: Row[Any]) -> None:
        """What comes after it was given up, or after its arming was over, still belongs where it belongs."""
        owner = crediting.owner_of(self.session, row)
        if owner is None or owner.run is None or owner.heard_seq is None:
            return
        if owner.closed or row.seq <= owner.heard_seq:
            desk = self._desk(owner.championship_id)
            self.effects.extend(crediting.credit(desk, owner, row, self.spec_ppm))

    def _confirm(self) -> None:
        """Tell the agents which passages are safe, those that came again as well."""
        safe: dict[tuple[str, str], set[int]] = {}
        for seen in self.told.passages:
            if _identity(seen) not in self.refused:
                safe.setdefault((seen.device, seen.boot), set()).add(seen.number)
        for (device, boot), seqs in sorted(safe.items()):
            payload = canonical_json({"boot": boot, "seqs": sorted(seqs)}).encode()
            self.effects.publish.append(Outbound(Topic(device, "set", "gate", "committed"), payload))


def _identity(seen: Seen) -> tuple[str, str, int]:
    return seen.device, seen.boot, seen.number


def _columns(seen: Seen) -> dict[str, Any]:
    return {
        "device": seen.device,
        "boot": seen.boot,
        "lane": seen.lane,
        "edge": seen.edge,
        "us": seen.us,
        "received_us": seen.received_us,
    }
