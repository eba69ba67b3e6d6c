"""Who is asking: the session cookie or a program's token, and what a page demands before it answers."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Response

from lab_controller.errors import NotSignedIn
from lab_controller.lab import Lab
from lab_controller.people import Identity, require
from lab_controller.people.roles import Role

COOKIE = "lab_session"


def lab_of(request: Request) -> Lab:
    """The lab that this process serves."""
    lab: Lab = request.app.state.lab
    return lab


def load_account(request: Request) -> Identity | None:
    """Who is signed in, or None for a guest; kept in `request.state.account` for templates.

    The database is asked once per request, by whichever dependency comes first.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() == "bearer":
        request.state.account = lab_of(request).tokens.identity_of(token.strip())
        if request.state.account is None:
            raise NotSignedIn("token_invalid")
    else:
        session = request.cookies.get(COOKIE)
        request.state.account = lab_of(request).people.identity_of(session) if session else None
    identity: Identity | None = request.state.account
    return identity


# FastAPI gives each plain function a thread; what only looks into memory is cheaper without one.
async def the_lab(request: Request) -> Lab:
    return lab_of(request)


TheLab = Annotated[Lab, Depends(the_lab)]
CurrentAccount = Annotated[Identity | None, Depends(load_account)]
Demand = Callable[..., Awaitable[Identity]]


def needs(role: Role, scope: str = "city") -> Demand:
    """A dependency: the identity, if it may act in `role`; `scope` may name path parameters in braces.

    `Depends(needs(Role.JUDGE, "championship:{slug}"))` raises NotSignedIn or Forbidden.
    """

    async def demand(request: Request, identity: CurrentAccount) -> Identity:
        return require(identity, role, scope.format_map(request.path_params))

    return demand


def needs_any(*roles: Role) -> Demand:
    """A dependency: the identity, if one of its grants is one of `roles` (or admin) in any scope."""

    async def demand(identity: CurrentAccount) -> Identity:
        if identity is not None:
            for grant in identity.grants:
                if grant.role in (*roles, Role.ADMIN):
                    return identity
        return require(identity, roles[0], "city")

    return demand


def remember_session(request: Request, response: Response, token: str) -> None:
    """Give the browser its session; scripts cannot read it and foreign pages cannot send it."""
    lab = lab_of(request)
    response.set_cookie(
        COOKIE,
        token,
        max_age=lab.settings.session_days * 86_400,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )


Staff = Annotated[Identity, Depends(needs_any(Role.INSTRUCTOR))]
Admin = Annotated[Identity, Depends(needs(Role.ADMIN))]
