"""The results as judges close them: ties that the machine cannot settle, and the final signatures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from competitions.contest import ContestState, Settlement
from competitions.ranking import Standing, TiedGroup, standings, tied_groups
from lab_controller.championships.results import show_result
from lab_controller.errors import Invalid, LabError
from lab_controller.lab import Lab
from lab_controller.people import Identity
from lab_controller.people.roles import Role
from web.auth import TheLab
from web.explaining import explain_settlement
from web.formats import format_bound_us
from web.judging.words import result_text, translate
from web.languages import mark as _
from web.languages import pick_name
from web.live.judging import Judge
from web.rendering import render
from web.section import Key, Text

router = APIRouter()
ROLES = {"chief_judge": _("Chief judge"), "secretary": _("Secretary"), "organiser": _("Organiser")}
"""Who signs, by the role that the log keeps."""
RoleName = Annotated[Literal["chief_judge", "secretary", "organiser"], Form()]


@dataclass(frozen=True, slots=True)
class Closing:
    """A judge's request to the results of the championship `slug`."""

    request: Request
    lab: Lab
    judge: Identity
    slug: str

    def render(self, error: LabError | None = None) -> Response:
        state = self.lab.championships.state(self.slug)
        language = self.request.state.language
        table = standings(state)
        names = {role: translate(word, language) for role, word in ROLES.items()}
        signed = {each.role: each.name for each in state.signatures}
        return render(
            self.request,
            "results.html",
            error.status if error else 200,
            slug=self.slug,
            heading=pick_name(dict(state.name), language),
            rows=[view_row(state, each, language) for each in table],
            ties=[view_tie(state, each, language) for each in tied_groups(table)],
            signatures={names.get(role, role): name for role, name in signed.items()},
            roles={role: name for role, name in names.items() if role not in signed},
            signer=self.judge.name,
            may_edit=self.judge.may(Role.ADMIN, f"championship:{self.slug}"),
            error=error and {"code": error.code, "params": error.params},
        )

    def go(self) -> Response:
        """Back to the results after a change, by GET."""
        return RedirectResponse(f"/championships/{self.slug}/results", 303)


def close(request: Request, lab: TheLab, judge: Judge, slug: str) -> Closing:
    return Closing(request, lab, judge, slug)


ByJudge = Annotated[Closing, Depends(close)]


@router.get("/championships/{slug}/results")
def show(closing: ByJudge) -> Response:
    return closing.render()


def view_row(state: ContestState, standing: Standing, language: str) -> dict[str, Any]:
    entry = state.entries[standing.entry]
    result = show_result(standing.result)
    timed = result is not None and result["status"] == "OK" and result["bound_us"]
    return {
        "entry": entry.entry,
        "place": standing.place,
        "team": entry.team,
        "school": entry.school,
        "result": result_text(result, language) if result else "",
        "bound": format_bound_us(result["bound_us"], language) if result and timed else "",
        "unresolved": standing.unresolved,
    }


def view_tie(state: ContestState, group: TiedGroup, language: str) -> dict[str, Any]:
    known = group.settlement
    rule = state.discipline.tie if state.discipline is not None else "share"
    return {
        "place": group.place,
        "method": "judge" if rule == "share" else rule,
        "rows": [view_row(state, each, language) for each in group.teams],
        "settled": explain_settlement(known.method, known.seed, language) if known is not None else "",
    }


@router.get("/championships/{slug}/results/tie")
@router.get("/championships/{slug}/results/sign")
def show_again(closing: ByJudge) -> Response:
    """Where a change of language leads after a refusal."""
    return closing.go()


@router.post("/championships/{slug}/results/tie")
def settle(
    closing: ByJudge,
    method: Annotated[Literal["rematch", "judge", "draw"], Form()],
    entry: Annotated[list[str], Form()],
    key: Key,
    place: Annotated[list[int] | None, Form()] = None,
) -> Response:
    """`place` of each `entry` within the tie, from 1; a draw finds the places itself."""
    championships, actor = closing.lab.championships, closing.judge.account
    try:
        if method == "draw":
            championships.draw_lots(actor, closing.slug, entry, key=key)
        else:
            settlement = decide(method, entry, place or [])
            championships.settle_tie(actor, closing.slug, settlement, key=key)
    except LabError as error:
        return closing.render(error)
    return closing.go()


def decide(method: str, entries: Sequence[str], places: Sequence[int]) -> Settlement:
    """Raises Invalid `bad_tie` unless each team has a place of its own."""
    if sorted(places) != list(range(1, len(entries) + 1)):
        raise Invalid("bad_tie", method=method)
    ordered = [entry for _, entry in sorted(zip(places, entries, strict=True))]
    return Settlement(tuple(ordered), method, None, "")


@router.post("/championships/{slug}/results/sign")
def sign(closing: ByJudge, role: RoleName, name: Text, key: Key) -> Response:
    try:
        closing.lab.championships.sign_final(closing.judge.account, closing.slug, role, name.strip(), key=key)
    except LabError as error:
        return closing.render(error)
    return closing.go()
