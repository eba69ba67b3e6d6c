"""Championships, their standings and their log for programs. Reading is public, as the board is."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from lab_controller.championships import setup, writing
from lab_controller.championships.imports import TeamRow
from lab_controller.championships.views import board_view
from lab_controller.people import Identity
from lab_controller.people.roles import Role
from web.api.pagination import Cursor, Limit, Page, cut, decode_cursor, encode_cursor
from web.api.shapes import (
    Championship,
    Gate,
    IdempotencyKey,
    NewChampionship,
    NewTeam,
    Rebuilt,
    Receipt,
    Record,
    Standings,
)
from web.auth import Admin, CurrentAccount, TheLab, needs
from web.championship_views import find_rules, last_shown, list_championships

router = APIRouter(prefix="/api/v1/championships", tags=["championships"])
Slug = Annotated[str, Path(max_length=64)]
Editor = Annotated[Identity, Depends(needs(Role.ADMIN, "championship:{slug}"))]


@router.get("", summary="All championships, the newest first")
def list_all(lab: TheLab, limit: Limit = 100, cursor: Cursor = "") -> Page[Championship]:
    before = decode_cursor(cursor, int, str)
    found, more = cut(list_championships(lab.database, before=before, limit=limit + 1), limit)
    following = encode_cursor(found[-1].created_us, found[-1].slug) if more else None
    return Page(items=[Championship(**row.public()) for row in found], next=following)


@router.post("", status_code=201, summary="Begin a championship")
def create(lab: TheLab, account: Admin, new: NewChampionship, idempotency_key: IdempotencyKey) -> Receipt:
    spec = setup.NewChampionship(new.slug, new.name.model_dump(), find_rules(new.discipline))
    return told(lab.championships.create(account.account, spec, key=idempotency_key))


@router.get("/{slug}/standings", summary="The standings, as the board shows them")
def show_standings(lab: TheLab, slug: Slug, limit: Limit = 500, cursor: Cursor = "") -> Standings:
    """Under embargo there are no places, times or scores in it."""
    board = board_view(lab.championships.folded(slug), lab.clock.now_us())
    first = (decode_cursor(cursor, int) or (0,))[0]
    rows, more = cut(board["rows"][max(0, first) :], limit)
    named = {name: board[name] for name in ("slug", "rev", "hash", "embargo", "ranking_unit")}
    return Standings(**named, items=rows, next=encode_cursor(max(0, first) + limit) if more else None)


@router.get("/{slug}/log", summary="The log after a record")
def show_log(
    lab: TheLab,
    account: CurrentAccount,
    slug: Slug,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Limit = 100,
) -> Page[Record]:
    """`next` is the `after` of the following page. Under embargo the public log ends where it began."""
    records = lab.championships.log(slug, after=after, limit=limit + 1)
    end = last_shown(lab, account, slug)
    if end is not None:
        records = [record for record in records if record["seq"] <= end]
    found, more = cut(records, limit)
    return Page(items=[Record(**record) for record in found], next=str(found[-1]["seq"]) if more else None)


@router.post("/{slug}/rebuild", summary="Fold the log anew, and compare that with what is shown")
def rebuild(lab: TheLab, _: Editor, slug: Slug) -> Rebuilt:
    """Writes nothing. Of several workers, the one that answers does it."""
    rebuilt = lab.championships.rebuild(slug)
    return Rebuilt(records=rebuilt.records, hash=rebuilt.hash, equal=rebuilt.equal)


class NewTeams(BaseModel):
    teams: Annotated[list[NewTeam], Field(min_length=1, max_length=500)]


@router.post("/{slug}/entries", status_code=201, summary="Enter teams, all or none")
def add_entries(
    lab: TheLab, account: Editor, slug: Slug, new: NewTeams, idempotency_key: IdempotencyKey
) -> Receipt:
    rows = [
        TeamRow(row=number, team=each.team, school=each.school, number=each.number)
        for number, each in enumerate(new.teams, 1)
    ]
    return told(lab.championships.add_entries(account.account, slug, rows, key=idempotency_key))


class Gates(BaseModel):
    gates: Annotated[list[Gate], Field(max_length=32)]


@router.put("/{slug}/fields/{field}", summary="Say which gates stand on a field")
def set_field(  # noqa: PLR0917  the framework passes by name
    lab: TheLab,
    account: Editor,
    slug: Slug,
    field: Annotated[str, Path(max_length=24)],
    placed: Gates,
    idempotency_key: IdempotencyKey,
) -> Receipt:
    gates = [gate.model_dump() for gate in placed.gates]
    return told(lab.championships.set_field(account.account, slug, field, gates, key=idempotency_key))


@router.delete("/{slug}/fields/{field}", summary="Close a field: no more runs are opened on it")
def close_field(
    lab: TheLab,
    account: Editor,
    slug: Slug,
    field: Annotated[str, Path(max_length=24)],
    idempotency_key: IdempotencyKey,
) -> Receipt:
    """`PUT` opens it again. A field without gates is open: judges time it by hand."""
    return told(lab.championships.close_field(account.account, slug, field, key=idempotency_key))


class Embargo(BaseModel):
    embargo: bool
    reason: Annotated[str, Field(max_length=200)] = ""


@router.put("/{slug}/embargo", summary="Hold results back, or show them")
def set_embargo(
    lab: TheLab, account: Editor, slug: Slug, wanted: Embargo, idempotency_key: IdempotencyKey
) -> Receipt:
    receipt = lab.championships.set_embargo(
        account.account, slug, wanted.embargo, reason=wanted.reason, key=idempotency_key
    )
    return told(receipt)


def told(receipt: writing.Receipt) -> Receipt:
    return Receipt(seqs=list(receipt.seqs), rev=receipt.rev)
