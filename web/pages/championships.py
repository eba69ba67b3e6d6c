"""All championships, and a new one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel
from starlette.datastructures import FormData

from lab_controller.championships.setup import NewChampionship
from lab_controller.errors import LabError
from lab_controller.people.roles import CITY, Role
from web.auth import Admin, Staff, TheLab, needs
from web.championship_views import count_running, list_championships
from web.languages import pick_name
from web.public_address import public_url
from web.rendering import render
from web.rule_files import RuleChoice, read_choice, show_choice

router = APIRouter()
Sent = Annotated[tuple[FormData, RuleChoice], Depends(read_choice)]


@router.get("/championships")
def show(request: Request, lab: TheLab, account: Staff) -> Response:
    language, rows = request.state.language, []
    for row in list_championships(lab.database):
        state = lab.championships.state(row.slug)
        rows.append(
            {
                "slug": row.slug,
                "name": pick_name(row.name, language),
                "discipline": pick_name(state.discipline.name, language) if state.discipline else "",
                "teams": sum(not entry.withdrawn for entry in state.entries.values()),
                "running": count_running(state),
                "embargo": state.embargo,
            }
        )
    return render(request, "championships.html", rows=rows, may_create=account.may(Role.ADMIN, CITY))


class NewForm(BaseModel):
    """What the form sends; what is wrong in it is said by the service."""

    key: str = ""
    name_kk: str = ""
    name_ru: str = ""
    name_en: str = ""
    slug: str = ""


@router.get("/new-championship", dependencies=[Depends(needs(Role.ADMIN))])
def begin(request: Request) -> Response:
    return show_form(request, NewForm(), RuleChoice())


def show_form(request: Request, form: NewForm, choice: RuleChoice, error: LabError | None = None) -> Response:
    return render(
        request,
        "championship_new.html",
        error.status if error else 200,
        form=form.model_dump(exclude={"key"}),
        error=error and {"code": error.code, "params": error.params},
        board_base=public_url(request, "/board/") or "/board/",
        **show_choice(choice, request.state.language),
    )


@router.post("/new-championship")
def create(request: Request, lab: TheLab, account: Admin, sent: Sent) -> Response:
    """Creates it, or only shows what the chosen rules say."""
    words, choice = sent
    form = NewForm(**{name: words[name] for name in NewForm.model_fields if isinstance(words.get(name), str)})
    names = {"kk": form.name_kk, "ru": form.name_ru, "en": form.name_en}
    try:
        text = choice.text()
        if choice.look_only:
            return show_form(request, form, choice)
        spec = NewChampionship(form.slug.strip(), names, text)
        lab.championships.create(account.account, spec, key=form.key)
    except LabError as error:
        return show_form(request, form, choice, error)
    return RedirectResponse(f"/championships/{spec.slug}", 303)
