"""Explain this place: which runs, which rule, which key decided, against whom."""

from typing import Any

from fastapi import APIRouter, Request, Response

from competitions.contest import ContestState
from lab_controller.championships.views import explain_view
from lab_controller.errors import NotFound
from web.auth import TheLab
from web.explaining import explain_place, explain_rules, explain_runs
from web.rendering import render

router = APIRouter()


@router.get("/board/{slug}/entries/{entry}", name="explain")
def show(request: Request, lab: TheLab, slug: str, entry: str) -> Response:
    state = lab.championships.state(slug)
    if state.discipline is None or entry not in state.entries:
        raise NotFound("unknown_entry", entry=entry)
    return render(
        request,
        "explain.html",
        slug=slug,
        team=state.entries[entry],
        contest_name=dict(state.name),
        discipline_name=state.discipline.name,
        rules_source=state.discipline.source,
        rules=explain_rules(state.discipline, request.state.language),
        teams=sum(not each.withdrawn for each in state.entries.values()),
        embargo=state.embargo,
        **(SECRET if state.embargo else explain_entry(state, entry, request.state.language)),
    )


MEDALS = (1, 2, 3)
SECRET: dict[str, Any] = {"place": None, "medal": None, "tied": False, "reasons": [], "runs": []}


def explain_entry(state: ContestState, entry: str, language: str) -> dict[str, Any]:
    """The place and its reasons, as the page shows them. Raises NotFound."""
    view = explain_view(state, entry)
    finished = view["result"] is not None and view["result"]["status"] == "OK"
    return {
        "place": view["place"],
        "medal": view["place"] if finished and view["place"] in MEDALS else None,
        "tied": view["tied"],
        "reasons": explain_place(view, language),
        "runs": explain_runs(view, language),
    }
