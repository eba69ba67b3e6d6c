"""A run, as its judge sees it."""

from web.languages import mark as _

SENTENCES = {
    "unknown_run": _("This run is not known here. Go back to the list of teams and open it again."),
    "run_exists": _("This run was opened already. Go back and open it from the list."),
    "run_id_differs": _("The request names another run. Load the page again and repeat it."),
    "attempt_taken": _(
        "Attempt {attempt} of this team has been used. Open the next one, or void the run that used it "
        "and send this again."
    ),
    "no_such_attempt": _("The rules give no attempt {attempt}. Choose one of the team's attempts."),
    "no_such_lane": _("This field has no lane {lane}. Choose another lane."),
    "wrong_phase": _("This cannot be done at this point of the run. Look at what the page offers now."),
    "system_command": _("Only the gates themselves can tell this. Use the buttons on the page."),
    "unknown_kind": _("The request asks for something unknown: {kind}. Load the page again."),
    "field_missing": _("The request lacks “{field}”. Load the page again and repeat it."),
    "field_unknown": _("The request has something unknown: “{field}”. Load the page again and repeat it."),
    "field_type": _("“{field}” is not of the right kind. Correct it and send it again."),
    "malformed": _("A record of the log cannot be read (number {seq}). Check the log with “lab verify”."),
    "bad_token": _("The arming was not understood. Press the button once more."),
    "token_used": _("The gates were armed with this request already. Press the button once more."),
    "no_signal": _("These rules know no start signal. The clock starts at the gate."),
    "already_started": _("The robot has started already. Wait for the finish, or order a rerun."),
    "no_time_limit": _("These rules have no time limit. End the attempt as not finished if you need to."),
    "laps_missing": _("The number of laps is missing. Enter it with the time."),
    "best_lap_missing": _("The best lap ranks in these rules and is missing. Enter it with the time."),
    "nothing_measured": _("Nothing was measured yet. Wait for the gate or enter the time by hand."),
    "param_missing": _("A value is still missing: {name}. Enter it, then accept."),
    "unknown_param": _("These rules do not ask for “{name}”. Load the page again."),
    "unknown_penalty:penalty": _("These rules have no penalty “{penalty}”. Load the page again."),
    "out_of_range:name": _("“{name}” must be between {least} and {most}. Correct it."),
    "wrong_type:name": _("“{name}” is not of the right kind. Correct it."),
    "limit_not_reached": _(
        "The time limit is not reached: {left_us} s are left. Wait until the clock shows it."
    ),
    "proposal_changed": _("The result changed while you pressed. Look at it again, then accept."),
    "boards_restarted": _(
        "A gate restarted between start and finish, so this time cannot be computed. Order a rerun."
    ),
    "different_clocks": _(
        "The two gates were heard by different computers, so this time cannot be computed. Order a rerun."
    ),
    "no_fit": _(
        "The gates' clocks were not compared yet, so this time cannot be computed. Wait a minute, then rerun."
    ),
    "late_crossing": _(
        "A crossing at {elapsed_us} s was heard of too late and is not counted as a lap. Count the laps, "
        "then enter them by hand or order a rerun."
    ),
    "negative": _("The finish came before the start. Check which gate stands where, then order a rerun."),
    "status_by_command": _("This status comes from another button. Use rerun or void."),
    "empty": _("This must not be empty. Write a few words."),
    "embargo": _("Results are held back until the award ceremony. Come back after it."),
    "bad_time": _("“{value}” is not a time. Write seconds, such as 12.483 or 1:02.483."),
    "bad_status": _("“{value}” is not a status. Write one of: {known}."),
    "bad_number": _("“{value}” is not a number that fits. Correct it."),
    "bad_toggle": _("“{value}” is neither yes nor no. Write one of: {known}."),
    "json_syntax": _("The file is not valid JSON: {reason}. Correct that place."),
    "json_shape": _(
        "Row {row} of the results has the wrong shape. Compare it with the example in the guide."
    ),
    "other_discipline": _("The run was opened under other rules. Open a new run."),
}
