"""A championship's overview: what is left to set up, its board, its embargo, its log."""

import io
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Form
from fastapi.responses import Response, StreamingResponse
from markupsafe import Markup

from competitions.contest import ContestState
from lab_controller.errors import NotFound
from lab_controller.people.roles import Role
from web.championship_views import last_shown, list_holders
from web.field_views import sort_names
from web.languages import load_catalogue
from web.public_address import name_hindrance, public_url
from web.rules import summarize_rules
from web.section import Edit, Key, Look

router = APIRouter()


def draw_qr(text: str) -> str:
    """A QR code as SVG, dark on light whatever the theme."""
    target = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        target, kind="svg", border=2, xmldecl=False, svgclass=None, lineclass=None, omitsize=True
    )
    return target.getvalue().decode()


@router.get("/championships/{slug}")
def show(section: Look) -> Response:
    state, language = section.state(), section.language
    judges = list_holders(section.lab.database, section.scope, [Role.JUDGE.value])
    board_url = public_url(section.request, f"/board/{section.slug}")
    return section.render(
        "championship.html",
        steps=list_steps(section.slug, state, len(judges), language),
        qr=Markup(draw_qr(board_url)) if board_url else "",  # noqa: S704  segno's own output
        board_url=board_url,
        hindrance=name_hindrance(section.request),
        rules=summarize_rules(state.discipline, language) if state.discipline else [],
    )


def list_steps(slug: str, state: ContestState, judges: int, language: str) -> list[dict[str, Any]]:
    """What stands between now and the first start; the first open step is the next one."""
    catalogue = load_catalogue(language)
    _, plural = catalogue.gettext, catalogue.ngettext
    ngettext = plural
    teams = sum(not entry.withdrawn for entry in state.entries.values())
    timed = sort_names(name for name, gates in state.fields.items() if gates)
    by_hand = sort_names(name for name, gates in state.fields.items() if not gates)
    fields = [
        *([_("Fields with gates: %(fields)s") % {"fields": ", ".join(timed)}] if timed else []),
        *([_("Fields by hand: %(fields)s") % {"fields": ", ".join(by_hand)}] if by_hand else []),
    ]
    steps = [
        (
            _("Teams"),
            ngettext("%(num)s team", "%(num)s teams", teams) % {"num": teams}
            if teams
            else _("From a table or by hand"),
            f"/championships/{slug}/teams",
            bool(teams),
        ),
        (
            _("Fields and gates"),
            " · ".join(fields) or _("Say which gate stands at which start and finish"),
            f"/championships/{slug}/fields",
            bool(fields),
        ),
        (
            _("Judges"),
            ngettext("%(num)s judge", "%(num)s judges", judges) % {"num": judges}
            if judges
            else _("An account for each tablet"),
            f"/championships/{slug}/access",
            bool(judges),
        ),
        (_("The first run"), _("A judge chooses a field and a team"), f"/judge/{slug}", bool(state.runs)),
    ]
    following = next((number for number, step in enumerate(steps) if not step[3]), -1)
    return [
        {
            "title": title,
            "text": text,
            "href": href,
            "done": done,
            "next": number == following,
            "action": _("Look") if done else _("Do it now") if number == following else _("Later"),
        }
        for number, (title, text, href, done) in enumerate(steps)
    ]


@router.post("/championships/{slug}/embargo")
def set_embargo(section: Edit, on: Annotated[str, Form(pattern="yes|no")], key: Key) -> Response:
    section.championships.set_embargo(section.actor, section.slug, on == "yes", key=key)
    return section.go()


@router.get("/championships/{slug}/log.jsonl")
def export_log(section: Look) -> Response:
    end = last_shown(section.lab, section.account, section.slug)
    return StreamingResponse(
        section.championships.export(section.slug, until=end),
        media_type="application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="{section.slug}-log.jsonl"'},
    )


@router.get("/championships/{slug}/qr.svg")
def show_qr(section: Look) -> Response:
    section.state()
    board_url = public_url(section.request, f"/board/{section.slug}")
    if not board_url:
        raise NotFound("address_missing")
    return Response(draw_qr(board_url), media_type="image/svg+xml")
