from sqlmodel import Field, UniqueConstraint

from lab_controller.database import BigInt, Table


class Account(Table, table=True):
    """Someone who may sign in. `login` is kept folded to lower case."""

    __tablename__ = "accounts"

    id: str = Field(primary_key=True)
    login: str = Field(unique=True)
    name: str
    language: str
    password_hash: str
    active: bool
    created_us: int = Field(sa_type=BigInt)


class RoleGrant(Table, table=True):
    """A role for a scope; without one nothing is allowed."""

    __tablename__ = "role_grants"
    __table_args__ = (UniqueConstraint("account_id", "role", "scope"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    account_id: str = Field(foreign_key="accounts.id", ondelete="CASCADE")
    role: str
    scope: str
    granted_us: int = Field(sa_type=BigInt)
    granted_by: str


class SignInSession(Table, table=True):
    """A browser that is signed in; the token itself is never stored."""

    __tablename__ = "sign_in_sessions"

    token_hash: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="accounts.id", ondelete="CASCADE", index=True)
    created_us: int = Field(sa_type=BigInt)
    expires_us: int = Field(sa_type=BigInt, index=True)
    address: str


class SignInTry(Table, table=True):
    """A sign-in that was begun; it is removed when it succeeds.

    `key` is `login:<hash>` or `address:<ip>`: people type passwords into the login field.
    """

    __tablename__ = "sign_in_tries"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInt)
    key: str = Field(index=True)
    at_us: int = Field(sa_type=BigInt, index=True)


class ApiToken(Table, table=True):
    """What a program signs in with for an account; the token itself is never stored.

    `expires_us` None is until it is revoked.
    """

    __tablename__ = "api_tokens"

    id: str = Field(primary_key=True)
    token_hash: str = Field(unique=True)
    account_id: str = Field(foreign_key="accounts.id", ondelete="CASCADE", index=True)
    name: str
    created_us: int = Field(sa_type=BigInt)
    created_by: str
    expires_us: int | None = Field(default=None, sa_type=BigInt)
    used_us: int | None = Field(default=None, sa_type=BigInt)
