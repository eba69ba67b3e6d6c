"""Sign in, sign out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from lab_controller.errors import LabError
from lab_controller.people import Identity
from lab_controller.people.roles import Role
from web.addresses import own_path
from web.auth import COOKIE, CurrentAccount, TheLab, remember_session
from web.languages import COOKIE as LANGUAGE_COOKIE
from web.languages import format_cookie
from web.rendering import render

router = APIRouter()


@router.get("/sign-in", name="sign_in")
def show(request: Request, account: CurrentAccount, next: str = "") -> Response:  # noqa: A002
    if account:
        return RedirectResponse(own_path(next) or find_start(account), 303)
    return render(request, "sign_in.html", next=own_path(next), login="", error=None)


@router.post("/sign-in")
def sign_in(
    request: Request,
    lab: TheLab,
    login: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=500)] = "",  # noqa: A002
) -> Response:
    address = request.client.host if request.client else ""
    try:
        token = lab.people.sign_in(login, password, address)
    except LabError as error:
        shown = {"code": error.code, "params": error.params}
        return render(request, "sign_in.html", error.status, next=own_path(next), login=login, error=shown)
    identity = lab.people.identity_of(token)
    response = RedirectResponse(own_path(next) or (find_start(identity) if identity else "/"), 303)
    remember_session(request, response, token)
    if identity and LANGUAGE_COOKIE not in request.cookies:
        response.headers.append("Set-Cookie", format_cookie(identity.language))
    return response


@router.post("/sign-out")
def sign_out(request: Request, lab: TheLab) -> Response:
    if token := request.cookies.get(COOKIE):
        lab.people.sign_out(token)
    response = RedirectResponse("/", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def find_start(identity: Identity) -> str:
    """A hall screen goes to its board, a judge of one championship to it, others to the start page."""
    roles = {grant.role for grant in identity.grants}
    scopes = [grant.scope for grant in identity.grants]
    if len(scopes) == 1 and scopes[0].startswith("championship:"):
        slug = scopes[0].removeprefix("championship:")
        if roles == {Role.DISPLAY}:
            return f"/board/{slug}"
        if roles == {Role.JUDGE}:
            return f"/judge/{slug}"
    return "/"
