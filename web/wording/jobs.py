"""Jobs and kits in somebody's hands: why something cannot be done with them now, and what to do next."""

from web.languages import mark as _

SENTENCES = {
    "job_unknown": _("There is no such upload. Look for it on the kit's page."),
    "job_moved_on": _("The upload has moved on meanwhile. Look at how it is now, then decide again."),
    "job_foreign": _(
        "{device} spoke of an upload of another computer; nobody heard it. Look at its program."
    ),
    "job_out_of_sight": _(
        "The room's computer is out of reach, so nobody knows how the upload ended. Check the kit, or wait: "
        "it will be told."
    ),
    "takes_no_programs": _("{device} takes no programs. Choose another kit."),
    "kit_held": _("Somebody else has {device} in hand. Ask them, or take another kit."),
    "program_returned": _("The instructor gave the program back: {reason}. Change it, then send it again."),
}
