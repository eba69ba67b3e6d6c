"""What the setup pages and /api/v1 show of a championship, field by field."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import col, func, select

from competitions.contest import ContestState, Entry
from competitions.disciplines import Discipline, iter_disciplines
from lab_controller.championships.tables import Championship, LogRecord
from lab_controller.database import Database
from lab_controller.errors import Invalid
from lab_controller.lab import Lab
from lab_controller.people import Identity
from lab_controller.people.roles import Role
from lab_controller.people.tables import Account, RoleGrant

UNDER_WAY = {"arming", "armed", "running", "proposed"}


@dataclass(frozen=True, slots=True)
class ChampionshipRow:
    """One line of the list."""

    slug: str
    name: dict[str, str]
    discipline: str
    created_us: int
    records: int

    def public(self) -> dict[str, Any]:
        return asdict(self)


def list_championships(
    database: Database, *, before: tuple[int, str] | None = None, limit: int = 100
) -> list[ChampionshipRow]:
    """The newest first; `before` is the (created_us, slug) that the page before ended with."""
    query = select(Championship).where(Championship.head_seq > 0)
    if before is not None:
        created_us, slug = before
        query = query.where(
            (col(Championship.created_us) < created_us)
            | ((col(Championship.created_us) == created_us) & (col(Championship.slug) > slug))
        )
    query = query.order_by(col(Championship.created_us).desc(), col(Championship.slug)).limit(limit)
    with database.read() as session:
        return [
            ChampionshipRow(
                slug=row.slug,
                name={"kk": row.name_kk, "ru": row.name_ru, "en": row.name_en},
                discipline=row.discipline,
                created_us=row.created_us,
                records=row.head_seq,
            )
            for row in session.exec(query).all()
        ]


def list_holders(database: Database, scope: str, roles: Collection[str]) -> list[dict[str, str]]:
    """Who holds one of `roles` for exactly `scope`: login, name, role, by name."""
    query = (
        select(Account.login, Account.name, RoleGrant.role)
        .join(RoleGrant)
        .where(RoleGrant.scope == scope, col(RoleGrant.role).in_(roles))
        .order_by(Account.name, Account.login)
    )
    with database.read() as session:
        return [dict(zip(("login", "name", "role"), row, strict=True)) for row in session.exec(query)]


def count_running(state: ContestState) -> int:
    return sum(run.phase in UNDER_WAY for run in state.runs.values())


def count_attempts(state: ContestState) -> Counter[str]:
    """How many attempts of each entry have been accepted."""
    return Counter(run.entry for run in state.runs.values() if run.phase == "accepted")


def sort_entries(entries: Iterable[Entry]) -> list[Entry]:
    """By start number, then by name; the withdrawn last."""
    return sorted(
        entries, key=lambda each: (each.withdrawn, not each.entry.isdigit(), each.entry.zfill(6), each.team)
    )


def list_points(discipline: Discipline) -> list[str]:
    """The points of a field at which this discipline needs a gate, in the robot's order."""
    points = [discipline.start.point]
    if discipline.laps:
        points.append(discipline.laps.point)
    if discipline.finish:
        points.append(discipline.finish.point)
    return list(dict.fromkeys(points))


def find_embargo(database: Database, slug: str) -> int:
    """The record that began the embargo which holds now; 0 if there never was one."""
    query = (
        select(func.max(LogRecord.seq))
        .join(Championship, col(Championship.id) == LogRecord.championship_id)
        .where(Championship.slug == slug, LogRecord.kind == "embargo_set")
    )
    with database.read() as session:
        return session.exec(query).one() or 0


def last_shown(lab: Lab, account: Identity | None, slug: str) -> int | None:
    """The last record that this person may see: under embargo, for all but its judges, the one that began it.

    None when nothing is held back. Raises NotFound.
    """
    held = lab.championships.state(slug).embargo
    judges = account is not None and account.may(Role.JUDGE, f"championship:{slug}")
    return find_embargo(lab.database, slug) if held and not judges else None


def find_rules(discipline: str) -> str:
    """The text of a built-in discipline; raises Invalid `discipline_unknown`."""
    for each in iter_disciplines():
        if each.id == discipline:
            return each.text
    raise Invalid("discipline_unknown", discipline=discipline)
