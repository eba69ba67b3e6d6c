"""The store: SQLite in one file by default, PostgreSQL by address, built by migrations on both."""

from lab_controller.database.columns import BigInt, Table
from lab_controller.database.database import AGAIN_LATER, Database

__all__ = ["AGAIN_LATER", "BigInt", "Database", "Table"]
