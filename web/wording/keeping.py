"""Backups, and what is needed to make them."""

from web.languages import mark as _

SENTENCES = {
    "backup_missing": _("There is no backup at {path}. Check the name."),
    "backup_exists": _("There is a file at {path} already. Choose another name."),
    "backup_damaged": _("The backup {path} is damaged. Take an older one."),
    "database_missing": _("There is no database at {path}. Start the lab once, or check LAB_DATA_DIR."),
    "database_in_use": _("The lab is running on this database. Stop it, then restore."),
    "audit_broken": _("The audit log does not verify from record {seq} on. Compare it with an older backup."),
    "program_missing": _("The program {program} is missing. Install the package {package}."),
    "program_failed": _("{program} failed: {problem}. Correct that, then try again."),
}
