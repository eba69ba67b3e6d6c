"""One championship as its setup pages see it: who looks, what they may, and the frame around each page."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from competitions.contest import ContestState
from lab_controller.championships.service import ChampionshipService
from lab_controller.errors import LabError
from lab_controller.lab import Lab
from lab_controller.people import Identity
from lab_controller.people.roles import Role
from web.auth import Staff, TheLab, needs
from web.languages import pick_name
from web.rendering import render


@dataclass(frozen=True, slots=True)
class Section:
    """A request to a page of the championship `slug`."""

    request: Request
    lab: Lab
    account: Identity
    slug: str

    @property
    def championships(self) -> ChampionshipService:
        return self.lab.championships

    @property
    def actor(self) -> str:
        return self.account.account

    @property
    def scope(self) -> str:
        return f"championship:{self.slug}"

    @property
    def language(self) -> str:
        language: str = self.request.state.language
        return language

    def state(self) -> ContestState:
        """The championship as it is now; raises NotFound."""
        return self.championships.state(self.slug)

    def render(self, template: str, tab: str = "", error: LabError | None = None, **context: Any) -> Response:
        """A page under the championship's name; the tab `tab` is open, `error` is told above it."""
        state = self.state()
        return render(
            self.request,
            template,
            error.status if error else 200,
            slug=self.slug,
            state=state,
            heading=pick_name(dict(state.name), self.language),
            tab=tab,
            may_edit=self.account.may(Role.ADMIN, self.scope),
            error=error and {"code": error.code, "params": error.params},
            **context,
        )

    def go(self, tab: str = "") -> Response:
        """Back to a tab after a change, by GET."""
        return RedirectResponse(f"/championships/{self.slug}" + (f"/{tab}" if tab else ""), 303)


def look(request: Request, lab: TheLab, account: Staff, slug: str) -> Section:
    """For pages that staff may read."""
    return Section(request, lab, account, slug)


def edit(
    request: Request,
    lab: TheLab,
    account: Annotated[Identity, Depends(needs(Role.ADMIN, "championship:{slug}"))],
    slug: str,
) -> Section:
    """For pages and writes of the championship's administrators."""
    return Section(request, lab, account, slug)


Look = Annotated[Section, Depends(look)]
Edit = Annotated[Section, Depends(edit)]
Key = Annotated[str, Form(min_length=1, max_length=64)]
Text = Annotated[str, Form(max_length=200)]
