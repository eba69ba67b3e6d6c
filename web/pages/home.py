"""The start page: live boards for everybody, and for those signed in what is theirs to do."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from lab_controller.people import Identity
from lab_controller.people.roles import CITY, Role
from web.auth import CurrentAccount, TheLab
from web.championship_views import count_running, list_championships
from web.gate_access import Gates
from web.kit_access import Kits
from web.languages import pick_name
from web.navigation import has_role
from web.pages.devices import list_views
from web.pages.rooms import list_rooms
from web.rendering import render

router = APIRouter()


@router.get("/")
def show(request: Request, lab: TheLab, account: CurrentAccount) -> Response:
    is_staff = account is not None and has_role(account, Role.ADMIN, Role.INSTRUCTOR)
    devices = list_views(Gates(Kits(lab, account))) if is_staff and account else []
    rows = list_rows(lab, account, request.state.language)
    has_kits = account is not None and has_role(account, Role.ADMIN, Role.INSTRUCTOR, Role.STUDENT)
    rooms = list_rooms(Kits(lab, account), request.state.language) if has_kits and account else []
    troubled = [device for device in devices if device.health == "bad"]
    told_by_rooms = {kit for room in rooms for kit in room["troubled"]}
    return render(
        request,
        "home.html",
        rows=rows,
        rooms=[room for room in rooms if room["kits"] or not is_staff],
        is_staff=is_staff,
        may_create=account is not None and account.may(Role.ADMIN, CITY),
        online=sum(device.online for device in devices),
        troubled=len(troubled),
        alarms=[device for device in troubled if device.id not in told_by_rooms],
        judging=[row for row in rows if row["may_judge"]],
    )


def list_rows(lab: TheLab, account: Identity | None, language: str) -> list[dict[str, Any]]:
    """The newest championships, those with a run under way first; what `account` may judge says so."""
    rows = []
    for row in list_championships(lab.database, limit=50):
        state = lab.championships.state(row.slug)
        rows.append(
            {
                "slug": row.slug,
                "name": pick_name(row.name, language),
                "discipline": pick_name(state.discipline.name, language) if state.discipline else "",
                "teams": sum(not entry.withdrawn for entry in state.entries.values()),
                "running": count_running(state),
                "may_judge": account is not None and account.may(Role.JUDGE, f"championship:{row.slug}"),
            }
        )
    return sorted(rows, key=lambda row: not row["running"])
