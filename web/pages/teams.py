"""The teams of a championship: list, add by hand, rename, withdraw."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from lab_controller.championships.imports import TeamRow, fold_name
from lab_controller.errors import LabError, NotFound
from web.championship_views import count_attempts, sort_entries
from web.section import Edit, Key, Look, Section, Text

router = APIRouter()
Names = dict[str, str]


@router.get("/championships/{slug}/teams")
def show(section: Look, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    return show_list(section, {"team": "", "school": ""}, find=q)


def show_list(section: Section, form: Names, error: LabError | None = None, find: str = "") -> Response:
    state = section.state()
    attempts_made = count_attempts(state)
    entries = [
        {
            "entry": entry.entry,
            "team": entry.team,
            "school": entry.school,
            "withdrawn": entry.withdrawn,
            "attempts": attempts_made[entry.entry],
        }
        for entry in sort_entries(state.entries.values())
    ]
    attempts = state.discipline.attempts if state.discipline else 0
    wanted = fold_name(find)
    shown = [
        each for each in entries if wanted in fold_name(f"{each['entry']} {each['team']} {each['school']}")
    ]
    return section.render(
        "teams.html", "teams", error, entries=entries, shown=shown, find=find, attempts=attempts, form=form
    )


@router.post("/championships/{slug}/teams")
def add(section: Edit, team: Text, school: Text, key: Key) -> Response:
    row = TeamRow(row=1, team=" ".join(team.split()), school=" ".join(school.split()))
    try:
        section.championships.add_entries(section.actor, section.slug, [row], key=key)
    except LabError as error:
        return show_list(section, {"team": team, "school": school}, error)
    return section.go("teams")


@router.get("/championships/{slug}/teams/{entry}")
def show_one(section: Edit, entry: str) -> Response:
    return show_entry(section, entry)


def show_entry(
    section: Section, entry: str, form: Names | None = None, error: LabError | None = None
) -> Response:
    known = section.state().entries.get(entry)
    if known is None:
        raise NotFound("unknown_entry", entry=entry)
    form = form or {"team": known.team, "school": known.school}
    return section.render("team.html", "teams", error, entry=known, form=form)


@router.post("/championships/{slug}/teams/{entry}")
def rename(section: Edit, entry: str, team: Text, school: Text, key: Key) -> Response:
    try:
        section.championships.change_entry(
            section.actor, section.slug, entry, team=team, school=school, key=key
        )
    except LabError as error:
        return show_entry(section, entry, {"team": team, "school": school}, error)
    return section.go("teams")


@router.post("/championships/{slug}/teams/{entry}/withdraw")
def withdraw(section: Edit, entry: str, key: Key, reason: Text = "") -> Response:
    section.championships.withdraw_entry(section.actor, section.slug, entry, reason, key=key)
    return section.go("teams")
