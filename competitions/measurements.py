"""Do given values fit the discipline that they are measured for?"""

from collections.abc import Mapping

from competitions.disciplines.discipline import Discipline, Param
from competitions.errors import RuleError
from competitions.results import Measurement, ParamValue
from competitions.statuses import Status


def check_param(param: Param, value: ParamValue) -> None:
    """Raise RuleError wrong_type or out_of_range when a judge's value does not fit the param."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    fits = {
        "toggle": isinstance(value, bool),
        "number": whole,
        "time_us": whole and value >= 0,  # type: ignore[operator]
        "decimal": whole or (isinstance(value, float) and value - value == 0),
    }[param.kind]
    if not fits:
        raise RuleError("wrong_type", name=param.id, expected=param.kind)
    if param.kind != "toggle" and (
        (param.least is not None and value < param.least)  # type: ignore[operator]
        or (param.most is not None and value > param.most)  # type: ignore[operator]
    ):
        raise RuleError("out_of_range", name=param.id, least=param.least, most=param.most)


def check_measurement(discipline: Discipline, measured: Measurement) -> None:
    """Raise RuleError unknown_penalty, unknown_param, wrong_type or out_of_range."""
    for code, count in measured.penalties.items():
        rule = discipline.penalty(code)
        if rule is None:
            raise RuleError("unknown_penalty", penalty=code)
        if count < 0 or (rule.most is not None and count > rule.most):
            raise RuleError("out_of_range", name=code, least=0, most=rule.most)
    for name, value in measured.params.items():
        param = discipline.param(name)
        if param is None:
            raise RuleError("unknown_param", name=name)
        check_param(param, value)


def missing_param(discipline: Discipline, status: Status, given: Mapping[str, ParamValue]) -> str | None:
    """The first param that a result of this status still needs."""
    if status is not Status.OK and not (discipline.ranks_unfinished and status is Status.DNF):
        return None
    for param in discipline.params:
        needed = param.required == "always" or (param.required == "unfinished" and status is Status.DNF)
        if needed and param.id not in given:
            return param.id
    return None
