"""An upload's stage and state in a person's words."""

from web.languages import load_catalogue
from web.languages import mark as _

STAGES = {
    "receiving": _("The program travels to the room computer"),
    "preparing": _("The program is being checked"),
    "resetting": _("The kit restarts"),
    "syncing": _("The lab greets the kit"),
    "erasing": _("The old program is being erased"),
    "writing": _("The program is being written"),
    "verifying": _("The lab reads back what was written"),
    "starting": _("The program starts"),
    "stopping": _("The old program is being stopped"),
}
STATES = {
    "draft": _("Not sent yet"),
    "submitted": _("Sent"),
    "validating": _("Being checked"),
    "invalid": _("The file does not fit"),
    "awaiting_approval": _("Waits for an instructor"),
    "returned": _("Given back by the instructor"),
    "approved": _("Approved"),
    "queued": _("Waits for the kit"),
    "preparing": _("Being prepared"),
    "running": _("On its way"),
    "succeeded": _("On the kit"),
    "failed": _("Did not work"),
    "cancelled": _("Stopped"),
    "unknown": _("The room computer is silent: nobody knows how far it came"),
}


def name_stage(stage: str, language: str) -> str:
    """What happens just now; a stage of a plug-in stands for itself."""
    return load_catalogue(language).gettext(STAGES.get(stage, stage)) if stage else ""
