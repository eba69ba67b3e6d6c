"""Setting a championship up."""

from web.languages import mark as _

SENTENCES = {
    "championship_unknown": _(
        "There is no such championship. Open the list of championships and choose one."
    ),
    "championship_signed": _("The championship is signed and closed. Its results can no longer be changed."),
    "already_signed": _("This has been signed already. Nothing more is needed."),
    "address_missing": _(
        "Phones cannot open the lab yet, so there is no QR code. The championship's page says what to do."
    ),
    "slug_taken": _("There is a championship at this address already. Choose another address."),
    "bad_slug": _(
        "An address has only small Latin letters, digits and hyphens, such as techcup-line. Correct it."
    ),
    "name_missing": _("The championship needs a name in at least one language. Write one."),
    "bad_text": _("This is empty or longer than {longest} characters. Write it shorter."),
    "discipline_unknown": _("There is no discipline with this name. Choose one from the list."),
    "no_discipline": _("No rules have been chosen yet. An administrator chooses the discipline first."),
    "run_in_progress": _("A run is under way. Wait until its result is accepted, then try again."),
    "bad_gate": _("This gate cannot stand there. Choose a gate from the list and save again."),
    "point_twice": _("Two gates stand at the same point of field {field}. Leave one of them out."),
    "input_on_two_lanes": _(
        "One input of a gate cannot watch two lanes of field {field}. Choose another input."
    ),
    "input_elsewhere": _("Input {input} of {device} is used on field {field}. Free it there first."),
    "field_busy": _("A run is under way on field {field}. Change its gates when the run is over."),
    "field_in_use": _("A run is open on field {field}. Finish or void it, then close the field."),
    "field_closed": _(
        "Field {field} is closed. An administrator opens it under “Fields and gates”; then send again."
    ),
    "unknown_field": _("There is no field {field}. Set it up under “Fields and gates”."),
    "field_has_no_gates": _(
        "Field {field}, lane {lane} has no gate. Enter the time by hand, or set a gate up for it."
    ),
    "lane_busy": _("A robot is on its way through {device}. Wait until that run is over."),
    "tie_changed": _("These teams are not tied any more. Look at the results again."),
    "tie_open": _("A tie is not settled yet. Settle it, then sign."),
    "bad_tie": _(
        "This does not settle the tie. Name all teams that are equal, best first, and how it was decided."
    ),
    "not_loggable": _("The text has characters that cannot be stored. Write it anew with the keyboard."),
    "unknown_entry": _("There is no such team in this championship. Load the list of teams again."),
    "withdrawn": _("This team has withdrawn. Choose another team."),
    "duplicate_team": _("The team {entry} is in the results twice. Leave one of the two rows out."),
}
