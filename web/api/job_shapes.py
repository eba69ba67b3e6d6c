"""An upload as the JSON interface tells of it."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class _Told(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class UploadedProgram(_Told):
    id: str
    name: str
    size: int
    sha256: str


class Attempt(_Told):
    """`ended_us` null: under way, or nobody knows."""

    attempt: int
    state: str
    code: str
    params: dict[str, Any]
    begun_us: int
    ended_us: int | None


class Requester(_Told):
    account: str
    name: str


class Job(_Told):
    """`done` of `total` bytes of the `stage`; `code` and `params` say why it failed, `sentence` in words."""

    id: str
    device: str
    device_name: str
    program: UploadedProgram
    slot: int | None
    run: bool
    state: str
    stage: str
    done: int
    total: int
    code: str
    params: dict[str, Any]
    sentence: str
    attempt: int
    attempts: list[Attempt]
    requested_by: Requester
    created_us: int
    updated_us: int
    can_cancel: bool
    can_retry: bool
    can_approve: bool
