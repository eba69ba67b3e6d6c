"""What every table is made of."""

from sqlalchemy import BigInteger, Integer
from sqlmodel import SQLModel

# Constraints need names that migrations can say on both databases.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# 64 bits everywhere: SQLite counts a primary key up by itself only when its type is called INTEGER.
BigInt = BigInteger().with_variant(Integer(), "sqlite")


class Table(SQLModel):
    """Base of every table: constraints are named, microseconds and sequence numbers use `BigInt`."""
