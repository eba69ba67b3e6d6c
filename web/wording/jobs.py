"""Jobs, readings, assets and tokens: why something cannot be done now, and what to do next."""

from web.languages import mark as _

SENTENCES = {
    "job_unknown": _("There is no such upload. Look for it on the kit's page."),
    "job_moved_on": _("The upload has moved on meanwhile. Look at how it is now, then decide again."),
    "retry_in_vain": _(
        "Another try would end in the same way. Correct the program, then choose the new file and upload it."
    ),
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
    "series_unknown": _("{device} has never measured {key}. Choose one of its readings."),
    "range_invalid": _("This span of time cannot be drawn. Choose a beginning before the end."),
    "tag_invalid": _(
        "“{tag}” is no inventory tag. Use letters, digits, hyphens and dots, {longest} at most."
    ),
    "device_paired": _("{device} bears the tag {tag} already. Take that tag off it first."),
    "tag_paired": _("The tag {tag} is on another kit, {device}. Take it off there first."),
    "asset_unknown": _("Nothing bears the tag {tag}. Check the spelling, or pair a kit with it."),
    "asset_held": _("Somebody has {tag} in hand. Take it back from them first."),
    "token_name_needed": _("The token needs a name. Say what it is for."),
    "token_unknown": _("There is no such token. Look for it in the list of tokens."),
    "token_invalid": _("This token does not hold: it was revoked or has run out. Make a new one."),
}
