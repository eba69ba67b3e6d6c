"""Who may judge, and which hall screens show the board."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from lab_controller.errors import Conflict, LabError
from lab_controller.people.roles import Role
from web.championship_views import list_holders
from web.languages import load_catalogue
from web.public_address import name_hindrance, public_url
from web.section import Edit, Section, Text

router = APIRouter()
GIVEN = (Role.JUDGE.value, Role.DISPLAY.value)
# Without 0 O 1 l I: the password is read from paper and typed on a tablet.
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
PASSWORD_LENGTH = 10
RoleName = Annotated[str, Form(pattern="judge|display")]


@router.get("/championships/{slug}/access")
def show(section: Edit) -> Response:
    return show_access(section)


def show_access(
    section: Section,
    form: dict[str, str] | None = None,
    error: LabError | None = None,
    secret: dict[str, str] | None = None,
    off: dict[str, str] | None = None,
) -> Response:
    """`secret` is a new account's password, `off` who has just lost access and may get it back."""
    _ = load_catalogue(section.language).gettext
    return section.render(
        "access.html",
        "access",
        error,
        people=list_holders(section.lab.database, section.scope, GIVEN),
        roles={"judge": _("Judge"), "display": _("Hall screen")},
        form=form or {"role": "judge", "login": "", "name": ""},
        secret=secret,
        off=off,
        hindrance=name_hindrance(section.request),
        sign_in_url=public_url(section.request, "/sign-in"),
    )


@router.post("/championships/{slug}/access")
def give(section: Edit, role: RoleName, login: Text, name: Text = "") -> Response:
    """The role for this championship; an account that is new gets a password, shown once."""
    section.state()
    try:
        password = create_account(section, login, name)
        section.lab.people.grant(actor=section.actor, login=login, role=role, scope=section.scope)
    except LabError as error:
        return show_access(section, {"role": role, "login": login, "name": name}, error)
    if password is None:
        return section.go("access")
    return show_access(section, secret={"login": login.strip().casefold(), "password": password})


def create_account(section: Section, login: str, name: str) -> str | None:
    """The new account's password; None if the account was there already."""
    password = "".join(secrets.choice(LETTERS) for _ in range(PASSWORD_LENGTH))
    try:
        section.lab.people.create_account(
            actor=section.actor,
            login=login,
            password=password,
            name=name.strip(),
            language=section.language,
        )
    except Conflict as error:
        if error.code != "login_taken":
            raise
        return None
    return password


@router.post("/championships/{slug}/access/revoke")
def revoke(section: Edit, login: Text, role: RoleName) -> Response:
    """Access goes at once; the page that answers offers to give it back, and no address can forge that."""
    holders = list_holders(section.lab.database, section.scope, [role])
    off = next((each for each in holders if each["login"] == login), None)
    try:
        section.lab.people.revoke(actor=section.actor, login=login, role=role, scope=section.scope)
    except LabError as error:
        return show_access(section, error=error)
    return show_access(section, off=off)


@router.get("/championships/{slug}/access/revoke")
def show_again(section: Edit) -> Response:
    """Where a change of language leads after access was taken away."""
    return section.go("access")
