"""A table of teams that was uploaded."""

from web.languages import mark as _

SENTENCES = {
    "import_empty": _("The file is empty. Choose the file with the teams."),
    "import_no_rows": _(
        "There are headings but no teams below them. Add the teams and choose the file again."
    ),
    "import_too_large": _("The file is too large. Take out pictures and empty sheets, then choose it again."),
    "import_too_many_rows": _("More than {limit} rows. Split the table into several files."),
    "import_old_excel": _("This is an old Excel file (XLS). Save it as XLSX and choose it again."),
    "import_unreadable": _("The file cannot be opened as a table. Save it anew as XLSX or CSV."),
    "import_encoding": _("The letters of this file cannot be read. Save it as “CSV UTF-8” or XLSX."),
    "import_quote": _("A quotation mark is not closed. Look at this row in the table and correct it."),
    "import_choose_sheet": _("The file has several filled sheets: {sheets}. Choose the one with the teams."),
    "import_no_such_sheet": _("There is no sheet {sheet}. There are: {sheets}."),
    "import_column_missing": _(
        "This heading is missing. Add the column, or write its heading as shown above."
    ),
    "import_column_twice": _("Two columns have this heading. Leave one of them out."),
    "import_required": _("This must not be empty. Write it in the table."),
    "import_too_long": _("Longer than {limit} characters. Shorten it."),
    "import_control_character": _("There is an invisible sign in this cell. Write the text anew."),
    "import_number": _("The start number must be 1 to 9999. Correct it."),
    "import_number_twice": _("Row {first_row} has this start number already. Give one of them another."),
    "import_number_taken": _("Another team in the championship has this start number. Choose another one."),
    "import_duplicate": _("The same team is in row {first_row}. Leave one of the two out."),
    "import_already_entered": _(
        "This team is in the championship already (number {entry}). Take it out of the file."
    ),
    "import_too_many_participants": _("More than {limit} participants in one team. Check the cell."),
    "import_extra_cell": _(
        "There is something to the right of the last heading. Clear it or give it a heading."
    ),
    "import_formula": _("There is a formula. Put the plain value in its place."),
    "import_cell_error": _("The cell shows an error. Write the value itself."),
    "import_rows": _("Some rows cannot be entered. Look at the problems below the heading."),
}
