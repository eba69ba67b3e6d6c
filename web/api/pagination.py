"""Pages of a list: `limit`, and a `cursor` that the page before gave as `next`."""

import base64
import json
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from lab_controller.errors import Invalid

T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=500, description="How many items at most")]
Cursor = Annotated[str, Query(max_length=200, description="`next` of the page before")]


class Page(BaseModel, Generic[T]):
    """`next` is the cursor of the following page, null on the last one."""

    items: list[T]
    next: str | None


def encode_cursor(*place: Any) -> str:
    """A place in a list as text that belongs in an address."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> tuple[Any, ...] | None:
    """The place, or None at the beginning; raises Invalid `cursor_invalid`."""
    if not cursor:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        place = None
    if not isinstance(place, list) or [type(part) for part in place] != list(kinds):
        raise Invalid("cursor_invalid")
    return tuple(place)


def cut(items: list[T], limit: int) -> tuple[list[T], bool]:
    """At most `limit` items, and whether there were more."""
    return items[:limit], len(items) > limit
