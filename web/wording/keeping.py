"""The lab itself: its database, its clock, its parts; backups, and what is needed to make them."""

from web.languages import mark as _

SENTENCES = {
    "database_away": _("The database does not answer. Check LAB_DATABASE_URL; what arrives waits meanwhile."),
    "database_old": _("The database belongs to another version. Run “lab migrate”."),
    "messages_not_stored": _("Messages cannot be stored and wait. Free some space, or check the database."),
    "part_failed": _(
        "A part of the lab has failed. Start the lab again; if it stays, call whoever looks after it."
    ),
    "clock_stepped": _(
        "The clock of this computer was changed. No run's time is touched; look whether its date and time "
        "are right, and start the lab again after the last run."
    ),
    "backup_missing": _("There is no backup at {path}. Check the name."),
    "backup_exists": _("There is a file at {path} already. Choose another name."),
    "backup_damaged": _("The backup {path} is damaged. Take an older one."),
    "backup_of_other_database": _(
        "The backup {path} is of {found}, and this lab's database is {wanted}. Check LAB_DATABASE_URL, or "
        "take another backup."
    ),
    "backup_of_newer_lab": _("This backup is of a newer lab. Update the lab, then restore it."),
    "database_missing": _("There is no database at {path}. Start the lab once, or check LAB_DATA_DIR."),
    "database_in_use": _("The lab is running on this database. Stop it, then restore."),
    "audit_broken": _("The audit log does not verify from record {seq} on. Compare it with an older backup."),
    "championship_log_broken": _(
        "The log of the championship {championship} does not verify from record {seq} on. Compare it with an "
        "older backup."
    ),
    "program_missing": _("The program {program} is missing. Install the package {package}."),
    "program_failed": _("{program} failed: {problem}. Correct that, then try again."),
}
