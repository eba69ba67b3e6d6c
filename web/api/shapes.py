"""What the JSON interface sends and takes, field by field; whatever is not here is not sent."""

from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(max_length=200)]
IdempotencyKey = Annotated[
    str,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="New for each write; the same key again gives the same receipt and writes nothing",
    ),
]


class Names(BaseModel):
    """A name in Kazakh, Russian and English."""

    model_config = ConfigDict(extra="forbid")
    kk: Name = ""
    ru: Name = ""
    en: Name = ""


class Championship(BaseModel):
    slug: str
    name: Names
    discipline: str
    created_us: int
    records: int


class Receipt(BaseModel):
    """The log records that a write made, and the log's end after it."""

    seqs: list[int]
    rev: int


class NewChampionship(BaseModel):
    """`discipline` is the id of a discipline that comes with the lab."""

    model_config = ConfigDict(extra="forbid")
    slug: Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    name: Names
    discipline: Annotated[str, Field(max_length=80)]


class NewTeam(BaseModel):
    model_config = ConfigDict(extra="forbid")
    team: Annotated[str, Field(min_length=1, max_length=100)]
    school: Annotated[str, Field(min_length=1, max_length=100)]
    number: Annotated[int | None, Field(ge=1, le=9999)] = None


class Gate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    point: Annotated[str, Field(pattern=r"^(start|finish|split)$")]
    lane: Annotated[int, Field(ge=1, le=8)]
    device: Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    input: Annotated[int, Field(ge=1, le=8)]


class Result(BaseModel):
    """`value_us` has the penalties in it; `bound_us` is the stated uncertainty. OK, DNF, DNS or DSQ."""

    status: str
    value_us: int | None
    bound_us: int | None
    score: float | None
    counted_us: int | None
    laps: int | None
    best_lap_us: int | None


class StandingRow(BaseModel):
    """`place` null: without a result, or under embargo. `unresolved`: too close to be told apart."""

    entry: str
    place: int | None
    tied: bool
    unresolved: bool
    team: str
    school: str
    attempts: list[Result | None]
    result: Result | None


class Standings(BaseModel):
    """One moment of the standings: `rev` and `hash` name the end of the log that they follow from."""

    slug: str
    rev: int
    hash: str
    embargo: bool
    ranking_unit: str
    items: list[StandingRow]
    next: str | None


class Record(BaseModel):
    """One record of the log, as `lab verify` takes it."""

    seq: int
    at_us: int
    actor: str
    source: str
    kind: str
    payload: dict[str, Any]
    voids: int | None
    prev_hash: str
    hash: str


class Rebuilt(BaseModel):
    """What the whole log comes to, and whether that is what was shown."""

    records: int
    hash: str
    equal: bool


class Problem(BaseModel):
    """RFC 9457, with a stable `code` and its `params`."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    params: dict[str, Any]
    request_id: str


class Battery(BaseModel):
    """What the kit tells of it: one of the two, or both."""

    percent: float | None
    voltage: float | None


class ProgramsTaken(BaseModel):
    """Files that end in one of `suffixes`. An upload's `slot` is 0 to `slots` - 1; the kit calls the first
    of them `first_slot`. `can_run`: it need not be started at once; `named`: one is started by its name.
    """

    suffixes: list[str]
    max_bytes: int
    slots: int
    first_slot: int
    can_run: bool
    named: bool


class Device(BaseModel):
    """`health`: good, bad (needs a person) or off; `problems` are codes with parameters.

    `holder` is the account that has the kit in hand, its name is for itself and staff of the room; `port` is
    where the room's computer reaches the kit. `battery` null: it has none; `programs` null: it takes none.
    """

    id: str
    kind: str
    name: str
    state: str
    health: str
    online: bool
    agent: str | None
    last_seen_us: int
    problems: list[dict[str, Any]]
    inputs: list[dict[str, Any]]
    armed: bool | None
    passages: int | None
    boot: str | None
    drift_ppm: float | None
    drift_bound_ppm: float | None
    room: str
    battery: Battery | None
    programs: ProgramsTaken | None
    holder: str | None
    holder_name: str | None
    port: str | None
