"""Schools, teams and their entries. Children's names stay in `participants` and are read on the record."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import Session, col, select

from competitions import events as ev
from competitions.contest import ContestState
from lab_controller import audit
from lab_controller.championships.desk import Desk
from lab_controller.championships.imports import Preview, RowError, TeamRow, check_rows, fold_name
from lab_controller.championships.tables import EntryTeam, Participant, School, Team
from lab_controller.errors import Invalid, NotFound


def compare(state: ContestState, preview: Preview) -> Preview:
    """The preview against who is entered already: such rows become errors."""
    entered = {(fold_name(each.team), fold_name(each.school)): each.entry for each in state.entries.values()}
    errors = {row.row: error for row in preview.rows if (error := _clash(state, entered, row)) is not None}
    rows = tuple(row for row in preview.rows if row.row not in errors)
    return replace(preview, rows=rows, errors=(*preview.errors, *errors.values()))


def _clash(state: ContestState, entered: dict[tuple[str, str], str], row: TeamRow) -> RowError | None:
    entry = entered.get((fold_name(row.team), fold_name(row.school)))
    if entry is not None:
        return RowError(row.row, "team", "import_already_entered", {"entry": entry})
    if row.number is not None and str(row.number) in state.entries:
        return RowError(row.row, "number", "import_number_taken", {"entry": str(row.number)})
    return None


def add_entries(desk: Desk, rows: Sequence[TeamRow]) -> tuple[ev.Event, ...]:
    """Enter teams, all or none; schools and teams that are known are used again.

    An entry's id is its start number; without one it takes the next free number.
    Raises Invalid `import_rows` with the errors.
    """
    session, state = desk.session, desk.state
    _refuse([*check_rows(rows), *compare(state, Preview(tuple(rows))).errors])
    taken = {int(entry) for entry in state.entries if entry.isdigit()}
    taken |= {row.number for row in rows if row.number is not None}
    free = iter(number for number in range(1, len(taken) + len(rows) + 1) if number not in taken)
    events: list[ev.Event] = []
    teams = _find_teams(session, rows)
    for row in rows:
        entry = str(row.number if row.number is not None else next(free))
        team = teams[fold_name(row.school), fold_name(row.team)]
        session.add(EntryTeam(championship_id=desk.championship_id, entry=entry, team_id=team.id))
        details = {"city": row.city} if row.city else {}
        events.append(ev.EntryAdded(entry, row.team, row.school, details))
    session.flush()
    return tuple(events)


def change_entry(desk: Desk, entry: str, team: str, school: str) -> tuple[ev.Event, ...]:
    """Correct a team's names, in this championship alone.

    Raises Invalid `import_rows` for names that cannot be entered; NotFound `unknown_entry`.
    """
    session, row = desk.session, TeamRow(1, team, school)
    known, link = desk.state.entries.get(entry), session.get(EntryTeam, (desk.championship_id, entry))
    if known is None or link is None:
        raise NotFound("unknown_entry", entry=entry)
    if (known.team, known.school) == (team, school):
        return ()
    others = {name: each for name, each in desk.state.entries.items() if name != entry}
    _refuse([*check_rows([row]), *compare(replace(desk.state, entries=others), Preview((row,))).errors])
    their_school, key = _find_schools(session, [row])[fold_name(school)], fold_name(team)
    theirs = session.exec(select(Team).where(Team.school_id == their_school.id, Team.name_key == key)).first()
    elsewhere = _is_entered_elsewhere(session, link)
    if theirs is not None and (theirs.id != link.team_id or elsewhere):
        link.team_id = theirs.id
    elif elsewhere:
        old = session.get_one(Team, link.team_id)
        new = Team(id=_new_id(), school_id=their_school.id, name=team, name_key=key, coach=old.coach)
        session.add(new)
        session.flush()
        children = session.exec(select(Participant.name).where(Participant.team_id == old.id)).all()
        _add_participants(session, [(new, children)])
        link.team_id = new.id
    else:
        ours = session.get_one(Team, link.team_id)
        ours.school_id, ours.name, ours.name_key = their_school.id, team, key
    return (ev.EntryChanged(entry, team, school),)


def _is_entered_elsewhere(session: Session, link: EntryTeam) -> bool:
    others = select(EntryTeam).where(
        EntryTeam.team_id == link.team_id, EntryTeam.championship_id != link.championship_id
    )
    return session.exec(others.limit(1)).first() is not None


def _refuse(errors: Sequence[RowError]) -> None:
    if errors:
        told = [{"row": e.row, "column": e.column, "code": e.code, **e.params} for e in errors]
        raise Invalid("import_rows", errors=told)


def _find_teams(session: Session, rows: Sequence[TeamRow]) -> dict[tuple[str, str], Team]:
    """The teams of the rows by folded school and team, with their participants; new ones are added."""
    schools = _find_schools(session, rows)
    mine = col(Team.school_id).in_({each.id for each in schools.values()})
    known = {(each.school_id, each.name_key): each for each in session.exec(select(Team).where(mine)).all()}
    teams: dict[tuple[str, str], Team] = {}
    for row in rows:
        school, key = schools[fold_name(row.school)], fold_name(row.team)
        team = known.get((school.id, key))
        if team is None:
            team = Team(id=_new_id(), school_id=school.id, name=row.team, name_key=key, coach=row.coach)
            session.add(team)
        teams[school.name_key, key] = team
    session.flush()
    _add_participants(
        session, [(teams[fold_name(r.school), fold_name(r.team)], r.participants) for r in rows]
    )
    return teams


def _add_participants(session: Session, teams: Sequence[tuple[Team, Sequence[str]]]) -> None:
    mine = col(Participant.team_id).in_({team.id for team, names in teams if names})
    known = {
        (each.team_id, fold_name(each.name)) for each in session.exec(select(Participant).where(mine)).all()
    }
    for team, names in teams:
        for name in names:
            if (team.id, fold_name(name)) not in known:
                known.add((team.id, fold_name(name)))
                session.add(Participant(id=_new_id(), team_id=team.id, name=name))


def _find_schools(session: Session, rows: Sequence[TeamRow]) -> dict[str, School]:
    """The schools of the rows by folded name; new ones are added."""
    wanted = {fold_name(row.school): row for row in reversed(rows)}
    found = session.exec(select(School).where(col(School.name_key).in_(wanted))).all()
    schools = {school.name_key: school for school in found}
    for key, row in wanted.items():
        if key not in schools:
            schools[key] = School(id=_new_id(), name=row.school, name_key=key, city=row.city)
            session.add(schools[key])
    session.flush()
    return schools


def read_participants(desk: Desk, entry: str, *, actor: str) -> list[str]:
    """The names of an entry's children; the reading itself is written to the audit log."""
    link = desk.session.get(EntryTeam, (desk.championship_id, entry))
    if link is None:
        raise NotFound("unknown_entry", entry=entry)
    audit.append(
        desk.session,
        at_us=desk.now_us,
        actor=actor,
        action="participants_read",
        subject=f"championship:{desk.championship.slug}",
        payload={"entry": entry},
    )
    query = select(Participant.name).where(Participant.team_id == link.team_id).order_by(Participant.name)
    return list(desk.session.exec(query).all())


def _new_id() -> str:
    return uuid.uuid4().hex
