"""Frozen dataclasses to JSON-able payloads and back, checked field by field."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from competitions.errors import RecordError

T = TypeVar("T")


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


@cache
def _required(cls: Any) -> frozenset[str]:
    return frozenset(f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING)


def _fits(value: object, hint: Any) -> bool:
    if hint is Any or hint is object:
        return True
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in get_args(hint))
    if origin in (dict, Mapping):
        key, item = get_args(hint)
        return isinstance(value, dict) and all(_fits(k, key) and _fits(v, item) for k, v in value.items())
    if origin in (tuple, list):
        return isinstance(value, tuple | list) and all(_fits(each, get_args(hint)[0]) for each in value)
    if hint is int or hint is float:
        return isinstance(value, hint) and not isinstance(value, bool)
    return isinstance(value, hint)


def _restored(value: object, hint: Any) -> object:
    if isinstance(hint, type) and issubclass(hint, StrEnum) and isinstance(value, str):
        return hint(value)
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(value, dict):
        return shape(hint, value)
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_restored(each, get_args(hint)[0]) for each in value)
    if get_origin(hint) in (Union, types.UnionType) and value is not None:
        rest = [each for each in get_args(hint) if each is not type(None)]
        return _restored(value, rest[0]) if len(rest) == 1 else value
    return value


def shape(cls: type[T], payload: Mapping[str, Any]) -> T:
    """An instance of dataclass `cls` from a JSON payload.

    Raises RecordError: field_missing, field_unknown, field_type; `field` names it.
    """
    made: Any = cls
    hints = _hints(made)
    names = {f.name for f in fields(made)}
    for name in payload:
        if name not in names:
            raise RecordError("field_unknown", field=str(name), shape=cls.__name__)
    values: dict[str, object] = {}
    for name, value in payload.items():
        try:
            values[name] = _restored(value, hints[name])
        except ValueError as error:
            raise RecordError("field_type", field=name, shape=cls.__name__) from error
        if not _fits(values[name], hints[name]):
            raise RecordError("field_type", field=name, shape=cls.__name__)
    for name in sorted(_required(made) - values.keys()):
        raise RecordError("field_missing", field=name, shape=cls.__name__)
    return cls(**values)


def plain(value: object) -> Any:
    """The JSON-able form of a dataclass, mapping, sequence, status or scalar."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value
