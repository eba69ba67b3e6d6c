"""Why a team stands where it stands, in sentences that a pupil and a head teacher both follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from competitions.disciplines.discipline import Discipline
from web.formats import format_bound_us, format_number, format_time_us
from web.judging.words import result_text, translate
from web.languages import mark as _
from web.languages import pick_name

AGGREGATES = {
    "best": _("Each team has {attempts} attempts. Its best one counts."),
    "sum_best_n": _("Each team has {attempts} attempts. Its {n} best ones are added together."),
    "mean_best_n": _("Each team has {attempts} attempts. The mean of its {n} best ones counts."),
    "last": _("Each team has {attempts} attempts. The last one counts."),
}
ONE_ATTEMPT = _("Each team has one attempt, and it counts.")
BETTER = {"asc": _("less is better"), "desc": _("more is better")}
REASONS = {
    "counted": _("This one counts."),
    "worse": _("Does not count: another attempt is better."),
    "not_last": _("Does not count: only the last attempt does."),
    "not_counted": _("Does not count."),
    "voided": _("Voided by the judge, so it does not count."),
    "rerun": _("The judge ordered it to be run again, so it does not count."),
    "open": _("Not accepted by the judge yet."),
    "replaced": _("Does not count: the attempt was judged again later."),
    "beyond_attempts": _("Does not count: the rules give fewer attempts."),
}
AHEAD = _("{other} is ahead. {key}: {theirs} against {own}, {better}.")
BEHIND = _("{other} is behind. {key}: {theirs} against {own}, {better}.")
OVERLAP = _(
    "{other} has the same place. {key}: {theirs} and {own}. That is closer than the timing is accurate, "
    "so nobody can say which is better."
)
LINKED = _(
    "{other} has the same place. {key}: {theirs} and {own}. These two can be told apart, but not "
    "from another team's time, which was taken less exactly."
)
EQUAL = _("{other} has the same place: everything that the rules compare is equal.")
STATUS_AHEAD = _("{other} is ahead: it has a result that counts for more.")
STATUS_BEHIND = _("{other} is behind: it has no result that counts for as much.")
SETTLED_AHEAD = _("{other} is ahead: both were equal, and the tie was settled.")
SETTLED_BEHIND = _("{other} is behind: both were equal, and the tie was settled.")
DUE = {
    "rematch": _("The rules say: the tied teams run again."),
    "judge": _("The rules say: the judges decide between the tied teams."),
    "draw": _("The rules say: lots are drawn between the tied teams."),
}
SETTLEMENTS = {
    "rematch": _("The tied teams ran again."),
    "judge": _("The judges decided between the tied teams."),
    "draw": _("Lots were drawn between the tied teams, with the number {seed}: anybody can draw them again."),
}
STATUSES = {
    "DNF": _("No attempt was finished."),
    "DNS": _("The team did not start."),
    "DSQ": _("The team was disqualified."),
}
NO_RESULT = _("No attempt has been accepted yet, so there is no place yet.")


@dataclass(frozen=True, slots=True)
class ExplainedRun:
    """One line of the list of attempts."""

    attempt: int
    result: str
    detail: str
    reason: str
    counts: bool


View = Mapping[str, Any]


def explain_rules(discipline: Discipline, language: str) -> list[str]:
    """How attempts become one result, then what teams are ordered by."""
    rule = discipline.aggregate
    sentence = ONE_ATTEMPT if discipline.attempts == 1 else AGGREGATES[rule.method]
    lines = [translate(sentence, language, attempts=discipline.attempts, n=rule.n)]
    for number, key in enumerate(discipline.ranking):
        first = _("Teams are ordered by: {key}, {better}.")
        then = _("If that is equal: {key}, {better}.")
        words = _key_words({"name": key.name, "direction": key.direction}, language)
        lines.append(translate(then if number else first, language, **words))
    return lines


def explain_runs(view: View, language: str) -> list[ExplainedRun]:
    """Every run of the team and whether it counts; `view` is the lab's `explain_view`."""
    return [
        ExplainedRun(
            attempt=run["attempt"],
            result=result_text(run["result"], language) if run["result"] else "\N{EM DASH}",
            detail=_detail(run["result"], language) if run["result"] else "",
            reason=translate(REASONS[run["reason"]], language),
            counts=run["reason"] == "counted",
        )
        for run in view["runs"]
    ]


def _detail(result: View, language: str) -> str:
    """What was measured, and what the penalties added to it."""
    if result["counted_us"] is None:
        return ""
    words = {
        "time": format_time_us(result["counted_us"], language),
        "bound": format_bound_us(result["bound_us"], language),
    }
    added_us = (result["value_us"] or result["counted_us"]) - result["counted_us"]
    if not added_us:
        return translate(_("measured {time} s {bound}"), language, **words)
    words["added"] = format_time_us(added_us, language)
    return translate(_("measured {time} s {bound}, penalties +{added} s"), language, **words)


def explain_place(view: View, language: str) -> list[str]:
    """Against whom, and what decided; `view` is the lab's `explain_view`."""
    lines = []
    status = view["result"]["status"] if view["result"] else None
    if status is None:
        lines.append(translate(NO_RESULT, language))
    elif status in STATUSES:
        lines.append(translate(STATUSES[status], language))
    if view["place"] is not None:
        for neighbour, ahead in ((view["above"], True), (view["below"], False)):
            if neighbour is not None and neighbour["place"] is not None:
                lines.append(_compare(neighbour, ahead, language))
    if view["due"] is not None:
        lines.append(translate(DUE[view["due"]], language))
    if settlement := view["settlement"]:
        lines.append(explain_settlement(settlement["method"], settlement["seed"], language))
    return lines


def explain_settlement(method: str, seed: int | None, language: str) -> str:
    """How a tie was settled."""
    return translate(SETTLEMENTS[method], language, seed=seed)


def _compare(neighbour: View, ahead: bool, language: str) -> str:
    words = {"other": neighbour["team"]}
    if key := neighbour["key"]:
        words |= _key_words(key, language)
        words |= {
            "own": _value(key, neighbour["own"], language),
            "theirs": _value(key, neighbour["other"], language),
        }
    match neighbour["decided"]:
        case "key":
            sentence = AHEAD if ahead else BEHIND
        case "overlap":
            sentence = OVERLAP if key else EQUAL
        case "linked":
            sentence = LINKED
        case "settled":
            sentence = SETTLED_AHEAD if ahead else SETTLED_BEHIND
        case "status":
            sentence = STATUS_AHEAD if ahead else STATUS_BEHIND
        case _:
            sentence = EQUAL
    return translate(sentence, language, **words)


def _key_words(key: View, language: str) -> dict[str, str]:
    return {
        "key": pick_name(key["name"], language),
        "better": translate(BETTER[key["direction"]], language),
    }


def _value(key: View, given: View, language: str) -> str:
    if given["value"] is None:
        return translate(_("nothing"), language)
    if key["unit"] != "us":
        return f"{format_number(given['value'], language)} {key['unit']}".strip()
    time = translate(_("{time} s"), language, time=format_time_us(int(given["value"]), language))
    return f"{time} {format_bound_us(int(given['bound']), language)}" if given["bound"] else time
