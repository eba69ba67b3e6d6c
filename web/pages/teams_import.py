"""Teams from an uploaded table: first a preview with each row's errors, then the entering."""

import csv
import io

from fastapi import APIRouter, UploadFile
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from lab_controller.championships.imports import Preview
from lab_controller.errors import LabError
from web.languages import load_catalogue
from web.limits import MAX_UPLOAD_BYTES
from web.section import Edit, Section, Text

router = APIRouter()
COLUMNS = ("number", "team", "school", "city", "coach", "participants")


@router.get("/championships/{slug}/import")
def show(section: Edit) -> Response:
    return show_preview(section)


@router.post("/championships/{slug}/import")
def preview(section: Edit, file: UploadFile, sheet: Text = "") -> Response:
    found = section.championships.preview_import(
        section.slug, file.file.read(), file.filename or "", sheet or None
    )
    return show_preview(section, found)


@router.post("/championships/{slug}/import/enter")
async def enter(section: Edit) -> Response:
    """`table` is the preview as CSV: it is read and checked again, nothing is believed."""
    form = await section.request.form(max_part_size=MAX_UPLOAD_BYTES)
    return await run_in_threadpool(enter_table, section, str(form.get("table", "")), str(form.get("key", "")))


def enter_table(section: Section, table: str, key: str) -> Response:
    found = section.championships.preview_import(section.slug, table.encode(), "preview.csv")
    if not found.ok:
        return show_preview(section, found)
    try:
        section.championships.add_entries(section.actor, section.slug, found.rows, key=key)
    except LabError as error:
        return show_preview(section, found, error)
    return section.go("teams")


def show_preview(section: Section, found: Preview | None = None, error: LabError | None = None) -> Response:
    """The form, or what was found in the file; which of its sheets, if it has several."""
    faults = found.errors if found else ()
    sheets = [fault.params.get("sheets", []) for fault in faults if fault.code == "import_choose_sheet"]
    return section.render(
        "teams_import.html",
        "teams",
        error,
        preview=found,
        table=format_table(found) if found else "",
        sheets=sheets[0] if sheets else [],
        columns=name_columns(section.language),
    )


def format_table(found: Preview) -> str:
    """The good rows as CSV under our own headings."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in found.rows:
        writer.writerow(
            [row.number or "", row.team, row.school, row.city, row.coach, "; ".join(row.participants)]
        )
    return text.getvalue()


def name_columns(language: str) -> dict[str, str]:
    _ = load_catalogue(language).gettext
    return {
        "team": _("Team"),
        "school": _("School"),
        "city": _("City or district"),
        "coach": _("Coach"),
        "participants": _("Participants"),
        "number": _("Number"),
    }
