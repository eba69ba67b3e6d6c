"""One's own account: who one is here, what one may do, the way out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from lab_controller.errors import Invalid, LabError
from lab_controller.people import Identity
from web.auth import COOKIE, CurrentAccount, TheLab, lab_of
from web.languages import load_catalogue
from web.rendering import render

router = APIRouter()


Password = Annotated[str, Form(max_length=1000)]


@router.get("/account")
def show(request: Request, account: CurrentAccount, changed: bool = False) -> Response:
    if account is None:
        return RedirectResponse("/sign-in?next=/account", 303)
    return show_account(request, account, changed=changed)


def show_account(
    request: Request, account: Identity, error: LabError | None = None, changed: bool = False
) -> Response:
    language = request.state.language
    roles = [
        {"role": name_role(grant.role, language), "scope": name_scope(grant.scope, language)}
        for grant in account.grants
    ]
    return render(
        request,
        "account.html",
        error.status if error else 200,
        roles=roles,
        changed=changed,
        least=lab_of(request).settings.password_min_length,
        error=error and {"code": error.code, "params": error.params},
    )


@router.post("/account/password")
def change_password(
    request: Request,
    lab: TheLab,
    account: CurrentAccount,
    *,
    old: Password = "",
    new: Password = "",
    again: Password = "",
) -> Response:
    """Keeps this browser signed in, and no other."""
    token = request.cookies.get(COOKIE)
    if account is None or token is None:
        return RedirectResponse("/sign-in?next=/account", 303)
    address = request.client.host if request.client else ""
    try:
        if new != again:
            raise Invalid("passwords_differ")
        lab.people.change_password(token=token, old=old, new=new, address=address)
    except LabError as error:
        return show_account(request, account, error)
    return RedirectResponse("/account?changed=true", 303)


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
