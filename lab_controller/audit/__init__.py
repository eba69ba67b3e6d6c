"""Who did what, in a chain of hashes that shows any later change."""

from lab_controller.audit.service import AuditReport, append, verify

__all__ = ["AuditReport", "append", "verify"]
