"""Reading of the worked examples inside a discipline file."""

from decimal import Decimal
from typing import Any, TypedDict

from competitions.disciplines.discipline import ExampleRow, ExampleRun, ExampleStep, ExampleTable
from competitions.disciplines.fields import Fields
from competitions.errors import DisciplineError
from competitions.results import Measurement, ParamValue
from competitions.statuses import Status

ATTEMPT_STATUSES = ("OK", "DNF", "DNS", "DSQ")
EXPECTED = ("status", "phase", "laps", "score", "points", "value_s", "best_lap_s", "bound_s")


class Examples(TypedDict):
    example_tables: tuple[ExampleTable, ...]
    example_runs: tuple[ExampleRun, ...]


def _value(path: str, value: Any) -> ParamValue:
    if isinstance(value, Decimal) and value.is_finite():
        return float(value)
    if isinstance(value, bool | int | str):
        return value
    raise DisciplineError("wrong_type", path=path, expected="a number, true, false or text")


def _measurement(fields: Fields) -> Measurement | None:
    if fields.has("status"):
        declared: Status | None = Status(fields.choice("status", ATTEMPT_STATUSES))
    else:
        declared = None
    penalties = fields.optional_table("penalties") or Fields({})
    params = fields.optional_table("params") or Fields({})
    measurement = Measurement(
        elapsed_us=fields.seconds_us("time_s"),
        bound_us=fields.seconds_us("bound_s") or 0,
        laps=fields.optional_integer("laps"),
        best_lap_us=fields.seconds_us("best_lap_s"),
        best_lap_bound_us=fields.seconds_us("best_lap_bound_s") or 0,
        declared=None if declared is Status.OK else declared,
        penalties={code: penalties.integer(code) for code in penalties.names_left()},
        params={name: _value(params.at(name), value) for name, value in params.items()},
    )
    fields.done()
    return None if measurement == Measurement() else measurement


def _step(fields: Fields) -> ExampleStep:
    step: ExampleStep | None = None
    if fields.has("passage"):
        step = ExampleStep(
            "passage",
            point=fields.text("passage"),
            at_us=fields.seconds_us("at_s"),
            bound_us=fields.seconds_us("bound_s") or 0,
            edge={"broken": "B", "clear": "C"}[fields.choice("edge", ("broken", "clear"), "broken")],
        )
    elif fields.has("penalty"):
        step = ExampleStep("penalty", fields.integer("count", 1), fields.text("penalty"))
    elif fields.has("param"):
        name = fields.text("param")
        step = ExampleStep("param", _value(fields.at("value"), fields.raw("value", required=True)), name)
    elif fields.has("status"):
        step = ExampleStep("status", fields.choice("status", ATTEMPT_STATUSES))
    else:
        for verb in ("arm", "signal", "limit", "accept"):
            if fields.flag(verb):
                step = ExampleStep(verb)
                break
    if step is None:
        raise DisciplineError("unknown_step", path=fields.path)
    fields.done()
    return step


def _expected(fields: Fields) -> dict[str, ParamValue]:
    expected: dict[str, ParamValue] = {}
    for name in fields.names_left():
        if name not in EXPECTED:
            raise DisciplineError("unknown_field", path=fields.at(name))
        if name.endswith("_s"):
            expected[f"{name[:-2]}_us"] = fields.seconds_us(name) or 0
        else:
            expected[name] = _value(fields.at(name), fields.raw(name))
    return expected


def parse_examples(root: Fields) -> Examples:
    """The tables (attempts and places) and the runs (steps and an outcome) of `[[examples]]`."""
    tables: list[ExampleTable] = []
    runs: list[ExampleRun] = []
    for fields in root.tables("examples"):
        name = fields.text("name")
        if fields.has("steps"):
            steps = tuple(_step(each) for each in fields.tables("steps"))
            runs.append(ExampleRun(name, steps, _expected(fields.table("expect"))))
        else:
            tables.append(
                ExampleTable(name, tuple(_row(each) for each in fields.tables("rows", required=True)))
            )
        fields.done()
    return {"example_tables": tuple(tables), "example_runs": tuple(runs)}


def _row(fields: Fields) -> ExampleRow:
    row = ExampleRow(
        fields.text("entry"),
        tuple(_measurement(each) for each in fields.tables("attempts", required=True)),
        fields.optional_integer("place", least=1),
        fields.flag("unresolved"),
    )
    fields.done()
    return row
