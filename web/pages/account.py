"""One's own account: who one is here, what one may do, the way out."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from web.auth import CurrentAccount
from web.languages import load_catalogue
from web.rendering import render

router = APIRouter()


@router.get("/account")
def show(request: Request, account: CurrentAccount) -> Response:
    if account is None:
        return RedirectResponse("/sign-in?next=/account", 303)
    language = request.state.language
    roles = [
        {"role": name_role(grant.role, language), "scope": name_scope(grant.scope, language)}
        for grant in account.grants
    ]
    return render(request, "account.html", roles=roles)


def name_role(role: str, language: str) -> str:
    _ = load_catalogue(language).gettext
    names = {
        "admin": _("Administrator"),
        "instructor": _("Instructor"),
        "judge": _("Judge"),
        "student": _("Student"),
        "guardian": _("Parent or guardian"),
        "display": _("Hall screen"),
        "device": _("Device"),
    }
    return names.get(role, role)


def name_scope(scope: str, language: str) -> str:
    _ = load_catalogue(language).gettext
    kind, _separator, name = scope.partition(":")
    words = {
        "city": _("the whole city"),
        "school": _("school %(name)s"),
        "room": _("room %(name)s"),
        "championship": _("championship %(name)s"),
    }
    return words.get(kind, scope).replace("%(name)s", name)
