"""What the setup pages and /api/v1 show of a championship, field by field."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import col, select

from competitions.contest import ContestState, Entry
from competitions.disciplines import Discipline
from lab_controller.championships.tables import Championship
from lab_controller.database import Database

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


def count_running(state: ContestState) -> int:
    return sum(run.phase in UNDER_WAY for run in state.runs.values())


def count_attempts(state: ContestState, entry: str) -> int:
    """How many attempts of the entry have been accepted."""
    return sum(run.entry == entry and run.phase == "accepted" for run in state.runs.values())


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
