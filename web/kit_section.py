"""One kit as its pages see it: who looks, what they may, and the way back after a press."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from lab_controller.errors import Forbidden, LabError
from lab_controller.lab import Lab
from web.job_words import STAGES, STATES
from web.kit_access import Kits, Visitor
from web.kit_page_view import view_kit
from web.kit_things import MODES, read_pins, tell_plugged
from web.kit_views import is_foreign
from web.languages import load_catalogue
from web.pages.rooms import name_room
from web.rendering import render


@dataclass(frozen=True, slots=True)
class KitSection:
    """A request to a page of the kit `device`, which the visitor may see."""

    request: Request
    visitor: Kits
    device: str

    @property
    def lab(self) -> Lab:
        return self.visitor.lab

    @property
    def actor(self) -> str:
        return self.visitor.actor

    @property
    def language(self) -> str:
        language: str = self.request.state.language
        return language

    def describe(self) -> dict[str, Any]:
        """What the page shows. Raises NotFound."""
        found = self.visitor.see(self.device)
        kit = view_kit(self.lab, self.device, self.language)
        gettext = load_catalogue(self.language).gettext
        why_not = self.why_not()
        return {
            "kit": kit,
            "room": kit["room"],
            "room_name": name_room(kit["room"], self.language),
            "manages": self.visitor.is_staff(kit["room"]),
            "may_use": why_not is None,
            "why_not": why_not,
            "mine": bool(kit["holder"]) and kit["holder"]["account"] == self.actor,
            "latest": found.latest,
            "foreign": is_foreign(found),
            "modes": {mode: gettext(word) for mode, word in MODES.items()},
            "pins": read_pins(found.latest.get("pins/state")),
            "plugged": tell_plugged(kit["plugged"], self.language),
            "stages": {stage: gettext(word) for stage, word in STAGES.items()},
            "states": {state: gettext(word) for state, word in STATES.items()},
        }

    def why_not(self) -> dict[str, Any] | None:
        """Why the visitor may only look, or None."""
        try:
            self.visitor.use(self.device)
        except Forbidden as error:
            return {"code": error.code, "params": error.params}
        return None

    def render(self, error: LabError | None = None, told: str = "") -> Response:
        """The kit's page; `error` is told above it, `told` says what was just asked of the kit."""
        return render(
            self.request,
            "kit.html",
            error.status if error else 200,
            **self.describe(),
            told=told,
            told_words=self._told_words(),
            error=error and {"code": error.code, "params": error.params},
        )

    def _told_words(self) -> dict[str, str]:
        """What the page says after a press, where no script has shown it already."""
        _ = load_catalogue(self.language).gettext
        asked = _("The kit was asked.")
        words = dict.fromkeys(("run", "stop", "reset", "set", "sent", "pins", "arm", "end"), asked)
        return words | {
            "identify": _("It blinks or beeps now: look and listen."),
            "upload": _("The program is on its way. Load the page again to see how far it is."),
            "cancel": _("The upload is being stopped."),
            "retry": _("It is tried again."),
            "hold": _("You have it in hand now."),
            "give-back": _("It is back."),
        }

    def answer(self, error: LabError) -> Response:
        """The page with the error for a person; a script gets the problem itself."""
        if "text/html" not in self.request.headers.get("accept", ""):
            raise error
        return self.render(error)

    def go(self, told: str, place: str) -> Response:
        """Back to a place on the page, by GET."""
        return RedirectResponse(f"/kits/{self.device}?told={told}#{place}", 303)

    def command(self, node: str, prop: str, value: str) -> None:
        """Tell the kit; what it answers comes as a new value. Raises LabError."""
        self.visitor.use(self.device)
        payload = value.encode() or b"\x00"
        self.lab.equipment.command(
            actor=self.actor, device=self.device, node=node, prop=prop, payload=payload
        )


def look(request: Request, visitor: Visitor, device: str) -> KitSection:
    return KitSection(request, visitor, visitor.see(device).id)


KitLook = Annotated[KitSection, Depends(look)]
