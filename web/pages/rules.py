"""The rules of a championship: what they are, and new ones from a file while no run is under way."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from starlette.datastructures import FormData

from lab_controller.errors import LabError
from web.championship_views import count_attempts, count_running, find_rules
from web.rule_files import RuleChoice, list_moves, parse, read_choice, show_choice, show_rules
from web.rules import summarize_rules
from web.section import Edit, Look, Section

router = APIRouter()
Sent = Annotated[tuple[FormData, RuleChoice], Depends(read_choice)]


@router.get("/championships/{slug}/rules")
def show(section: Look) -> Response:
    return show_page(section, RuleChoice())


def show_page(
    section: Section, choice: RuleChoice, error: LabError | None = None, new: dict[str, Any] | None = None
) -> Response:
    """`new` is what was looked at and may now be taken."""
    state = section.state()
    return section.render(
        "championship_rules.html",
        "rules",
        error,
        rules=summarize_rules(state.discipline, section.language) if state.discipline else [],
        running=count_running(state),
        accepted=sum(count_attempts(state).values()),
        new=new,
        **show_choice(choice, section.language),
    )


@router.post("/championships/{slug}/rules")
def change(section: Edit, sent: Sent) -> Response:
    """First a look at the new rules and at the places they change, then the change itself."""
    form, choice = sent
    try:
        text = choice.text()
        if choice.look_only:
            moves = list_moves(section.state(), parse(text))
            return show_page(section, choice, new=show_rules(text, section.language) | {"moves": moves})
        section.championships.set_discipline(section.actor, section.slug, text, key=str(form.get("key", "")))
    except LabError as error:
        return show_page(section, choice, error)
    return section.go("rules")


@router.get("/championships/{slug}/rules.toml")
def send_file(section: Look) -> Response:
    discipline = section.state().discipline
    return send(discipline.text if discipline else "", f"{section.slug}-rules.toml")


@router.get("/disciplines/{discipline}.toml")
def send_ready(discipline: str) -> Response:
    """A ready discipline as a file: where an organiser's own begins."""
    return send(find_rules(discipline), f"{discipline}.toml")


def send(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="application/toml", headers=headers)
