"""What is wrong in a discipline file."""

from web.languages import mark as _

SENTENCES = {
    "discipline_file_missing": _("There is no discipline file yet. Choose one, or a ready discipline."),
    "not_utf8": _("The file is not UTF-8 text (byte {byte}). Save it as UTF-8."),
    "toml_syntax": _("The file is not valid TOML. Correct the place that is named: {reason}."),
    "text_too_long": _("The discipline file is longer than {longest} characters. Shorten it."),
    "missing": _("{path} is missing in the discipline file. Add it."),
    "wrong_type": _("{path} must be {expected}. Correct it in the discipline file."),
    "out_of_range": _("{path} must be between {least} and {most}. Correct it in the discipline file."),
    "unknown_choice": _("{path} must be one of: {choices}. Correct it in the discipline file."),
    "unknown_penalty:path": _("{path} names a penalty that the file does not have. Correct it."),
    "unknown_field:path": _("{path} is not known in a discipline file. Correct the word or take it out."),
    "repeated": _("{path} occurs twice. Leave one of the two out."),
    "not_a_name": _("{path} must be a short name of small letters, digits and underscores. Correct it."),
    "unknown_step": _("An example uses a step that does not exist ({path}). Correct the example."),
    "unknown_variable": _("A formula uses an unknown value, {variable} ({path}). There are: {known}."),
    "false_start_without_signal": _("A false start needs a start by signal. Change the kind of the start."),
    "finish_beside_laps": _("A discipline has laps or a finish, not both. Take one of them out."),
    "laps_without_end": _("Laps need a number or a time limit. Add one of the two."),
    "expression_syntax": _("A formula cannot be read: {expression}. Check its brackets and signs."),
    "expression_too_long": _("A formula is longer than {longest} characters. Shorten it."),
    "expression_loops": _("A formula may not contain loops. Write it without them."),
    "expression_failed": _("A formula could not be computed from these values. Check the rules' score."),
    "expression_not_a_number": _("A formula must come to a number. Check the rules' score."),
}

# What a field of the file may be asked to be: `wrong_type` names one of these.
EXPECTED = (
    _("text"),
    _("a number"),
    _("a whole number"),
    _("a number, true, false or text"),
    _("a table"),
    _("an array of tables"),
    _("seconds"),
    _("true or false"),
)
