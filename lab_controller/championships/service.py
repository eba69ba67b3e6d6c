"""Championships for the rest of the lab: set up, judge, read. Every write is on disk when it returns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import Session, select

from competitions import commands as cmd
from competitions import events as ev
from competitions.contest import ContestState, Settlement, fold
from competitions.disciplines import parse_discipline
from competitions.ranking import Standing, standings
from lab_controller.bus.changes import championship_key
from lab_controller.bus.handler import Effects
from lab_controller.championships import registration, setup
from lab_controller.championships.desk import Desk
from lab_controller.championships.execution import carry_out
from lab_controller.championships.imports import Preview, TeamRow, parse_teams
from lab_controller.championships.journal import iter_rows, load_championship, load_records
from lab_controller.championships.log import export_lines, genesis_hash
from lab_controller.championships.projection import Folded
from lab_controller.championships.setup import NewChampionship
from lab_controller.championships.tables import Championship
from lab_controller.championships.writing import Outcome, Receipt, Request, Writer, locked
from lab_controller.errors import Conflict, Forbidden

MOST_RECORDS = 1_000
AFTER_SIGNING = frozenset({ev.FinalSigned.KIND, ev.EmbargoSet.KIND, ev.EmbargoLifted.KIND})


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The log folded from nothing; `equal` says whether the live state is the same."""

    state: ContestState
    records: int
    hash: str
    equal: bool


Decide = Callable[[Desk], Sequence[ev.Event]]


class ChampionshipService(Writer):
    """Writes take the caller's idempotency key: done once, acknowledged when they are on disk."""

    def execute(
        self,
        slug: str,
        run: str,
        command: cmd.Command,
        *,
        actor: str,
        source: str,
        key: str,
        seen: Mapping[str, Any] | None = None,
    ) -> Receipt:
        """Carry out a judge's command; `seen` is the proposal that was in front of who accepts it.

        Raises LabError with the code of the rule that refuses; a refusal leaves no trace.
        """
        if command.KIND in cmd.SYSTEM_KINDS:
            raise Forbidden("system_command", kind=command.KIND)
        request = Request(actor, key, [slug, run, *cmd.format_command(command)])
        return self.write(
            request,
            lambda desk: carry_out(desk, run, command, actor=actor, source=source, seen=seen),
            locked(slug),
        )

    def create(self, actor: str, spec: NewChampionship, *, key: str) -> Receipt:
        """Begin a championship's log. Raises Conflict `slug_taken`, Invalid for what is wrong in `spec`."""
        setup.check_slug(spec.slug)
        names = setup.names_of(spec.names)

        def begin(session: Session) -> Championship:
            query = select(Championship).where(Championship.slug == spec.slug).with_for_update()
            known = session.exec(query).first()
            return known or _insert(session, spec.slug, names, actor, self.clock.now_us())

        def decide(desk: Desk) -> Sequence[ev.Event]:
            if desk.championship.head_seq:
                raise Conflict("slug_taken", slug=spec.slug)
            events = setup.create(spec)
            desk.championship.discipline = parse_discipline(spec.discipline).id
            return events

        request = Request(actor, key, ["create", spec.slug, names, spec.discipline, dict(spec.details)])
        return self.write(request, lambda desk: _append(desk, decide, actor), begin)

    def set_discipline(self, actor: str, slug: str, text: str, *, key: str) -> Receipt:
        """New rules for runs that are opened from now on; refused while a run is under way."""

        def decide(desk: Desk) -> Sequence[ev.Event]:
            events = setup.set_discipline(desk.state, text)
            desk.championship.discipline = parse_discipline(text).id
            return events

        return self._set_up(Request(actor, key, [slug, "set_discipline", text]), decide)

    def set_field(
        self, actor: str, slug: str, field: str, gates: Sequence[Mapping[str, Any]], *, key: str
    ) -> Receipt:
        """Say which input of which gate stands at each point and lane of a field."""
        request = Request(actor, key, [slug, "set_field", field, [dict(gate) for gate in gates]])
        return self._set_up(request, lambda desk: setup.set_field(desk.state, field, gates))

    def close_field(self, actor: str, slug: str, field: str, *, key: str) -> Receipt:
        """Let judges choose a field no longer; what was run on it stays."""
        request = Request(actor, key, [slug, "close_field", field])
        return self._set_up(request, lambda desk: setup.close_field(desk.state, field))

    def open_field(self, actor: str, slug: str, field: str, *, key: str) -> Receipt:
        """Open a closed field again, with the gates it had."""
        request = Request(actor, key, [slug, "open_field", field])
        return self._set_up(request, lambda desk: setup.open_field(desk.state, field))

    def preview_import(self, slug: str, data: bytes, filename: str, sheet: str | None = None) -> Preview:
        """What `add_entries` would make of an uploaded table; rows already entered are errors."""
        return registration.compare(self.state(slug), parse_teams(data, filename, sheet))

    def add_entries(self, actor: str, slug: str, rows: Sequence[TeamRow], *, key: str) -> Receipt:
        """Enter teams, all or none. Raises Invalid `import_rows` with every row's error."""
        request = Request(actor, key, [slug, "add_entries", [asdict(row) for row in rows]])
        return self._set_up(request, lambda desk: registration.add_entries(desk, rows))

    def change_entry(self, actor: str, slug: str, entry: str, *, team: str, school: str, key: str) -> Receipt:
        """Correct the public names of an entry; the log keeps the old ones."""
        request = Request(actor, key, [slug, "change_entry", entry, team, school])
        return self._set_up(request, lambda desk: registration.change_entry(desk, entry, team, school))

    def withdraw_entry(self, actor: str, slug: str, entry: str, reason: str, *, key: str) -> Receipt:
        request = Request(actor, key, [slug, "withdraw_entry", entry, reason])
        return self._set_up(request, lambda desk: setup.withdraw_entry(desk.state, entry, reason))

    def set_embargo(self, actor: str, slug: str, embargo: bool, *, key: str, reason: str = "") -> Receipt:
        """Hide results from the public, or show them again."""
        request = Request(actor, key, [slug, "set_embargo", embargo, reason])
        return self._set_up(request, lambda desk: setup.set_embargo(desk.state, embargo, reason))

    def settle_tie(self, actor: str, slug: str, settlement: Settlement, *, key: str) -> Receipt:
        """The order of tied entries, best first: by rematch, judge, or a draw with its seed."""
        request = Request(actor, key, [slug, "settle_tie", asdict(settlement)])
        return self._set_up(request, lambda desk: setup.settle_tie(desk.state, settlement))

    def draw_lots(self, actor: str, slug: str, entries: Sequence[str], *, key: str) -> Receipt:
        """Let lots decide the order of tied entries; the same key does not draw them anew."""
        request = Request(actor, key, [slug, "draw_lots", list(entries)])
        return self._set_up(request, lambda desk: setup.draw_lots(desk.state, entries))

    def sign_final(self, actor: str, slug: str, role: str, name: str, *, key: str) -> Receipt:
        """Close the championship: no judge's command is taken after the first final signature."""
        request = Request(actor, key, [slug, "sign_final", role, name])
        return self._set_up(request, lambda desk: setup.sign_final(desk.state, role, name))

    def _set_up(self, request: Request, decide: Decide) -> Receipt:
        begin = locked(request.content[0])
        return self.write(request, lambda desk: _append(desk, decide, request.actor), begin)

    def read_participants(self, actor: str, slug: str, entry: str) -> list[str]:
        """The names of an entry's children; the reading is written to the audit log."""
        with self.database.write() as session:
            championship = load_championship(session, slug)
            desk = Desk(session, self.projections, championship, self.clock.now_us())
            return registration.read_participants(desk, entry, actor=actor)

    def folded(self, slug: str) -> Folded:
        """The newest committed state with the end of the log that it stands for."""
        with self.database.read() as session:
            return self.projections.current(session, load_championship(session, slug))

    def state(self, slug: str) -> ContestState:
        return self.folded(slug).state

    def standings(self, slug: str) -> tuple[Standing, ...]:
        return standings(self.state(slug))

    def log(self, slug: str, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """Records after a seq, at most `limit` (and never more than 1,000)."""
        with self.database.read() as session:
            championship = load_championship(session, slug)
            return list(iter_rows(session, championship, after=after, limit=max(1, min(limit, MOST_RECORDS))))

    def export(self, slug: str, *, until: int | None = None) -> Iterator[str]:
        """The log as JSON lines that `lab verify` accepts, whole or `until` a record.

        One consistent moment of it.
        """
        with self.database.read() as session:
            rows = list(iter_rows(session, load_championship(session, slug), limit=until))
        yield from export_lines(slug, rows)

    def rebuild(self, slug: str) -> Rebuilt:
        """Throw the state away and fold the log anew; if they differ, boards are told."""
        with self.database.read() as session:
            championship = load_championship(session, slug)
            live = self.projections.current(session, championship)
            state = fold(load_records(session, championship))
            self.projections.forget(championship)
            self.projections.publish(
                championship, Folded(state, championship.head_seq, championship.head_hash)
            )
            rebuilt = Rebuilt(state, championship.head_seq, championship.head_hash, live.state == state)
        if not rebuilt.equal:
            self.changes.announce([championship_key(slug)])
        return rebuilt


def _append(desk: Desk, decide: Decide, actor: str) -> Outcome:
    events = decide(desk)
    if desk.state.signatures and not all(event.KIND in AFTER_SIGNING for event in events):
        raise Conflict("championship_signed")
    records = desk.append(events, actor=actor, source="web")
    return Outcome(records, Effects(changed=[championship_key(desk.championship.slug)]))


def _insert(session: Session, slug: str, names: dict[str, str], actor: str, now_us: int) -> Championship:
    championship = Championship(
        slug=slug,
        name_kk=names["kk"],
        name_ru=names["ru"],
        name_en=names["en"],
        discipline="",
        created_us=now_us,
        created_by=actor,
        head_seq=0,
        head_hash=genesis_hash(slug),
    )
    session.add(championship)
    session.flush()
    return championship
