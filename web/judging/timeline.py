"""What happened in a run, one sentence for each record of its log."""

from collections.abc import Mapping
from typing import Any

from competitions.disciplines.discipline import Discipline
from web.formats import format_number, format_time_us
from web.judging.words import result_text, translate
from web.languages import mark as _
from web.languages import pick_name
from web.sentences import explain_code

SENTENCES = {
    "run_opened": _("Run opened"),
    "run_arming": _("Gates asked to arm"),
    "run_armed": _("Gates armed"),
    "signal_given": _("Start signal"),
    "run_started": _("Start"),
    "time_limit_reached": _("Time is up"),
    "false_start": _("False start"),
    "late_passage": _("Passage after the end: kept, not counted"),
}
PASSAGES = {
    "finish": _("Finish, {time} s"),
    "split": _("Split, {time} s"),
    "waiting": _("Passage before the finish counts, {time} s"),
    "ignored": _("Passage kept, not counted"),
}


def describe_record(
    kind: str, payload: Mapping[str, Any], discipline: Discipline, language: str
) -> str | None:
    """The sentence for a record, or None where another record of the same moment says it better."""
    match kind:
        case "passage_seen":
            return _passage(payload, language)
        case "lap_completed":
            time = format_time_us(payload["lap_us"], language)
            return translate(_("Lap {lap}: {time} s"), language, lap=payload["lap"], time=time)
        case "penalty_set":
            rule = discipline.penalty(payload["code"])
            name = pick_name(rule.name, language) if rule else payload["code"]
            return f"{name}: {payload['count']}"
        case "param_set":
            param = discipline.param(payload["name"])
            name = pick_name(param.name, language) if param else payload["name"]
            return f"{name}: {_value(payload['value'], param.kind if param else '', language)}"
        case "result_proposed":
            return translate(
                _("Proposed: {result}"), language, result=result_text(payload["result"], language)
            )
        case "result_accepted":
            return translate(
                _("Accepted: {result}"), language, result=result_text(payload["result"], language)
            )
        case "run_voided":
            return translate(_("Voided: {reason}"), language, reason=payload["reason"])
        case "rerun_ordered":
            return translate(_("To be run again: {reason}"), language, reason=payload["reason"])
        case "run_signed":
            return translate(_("Signed: {name}"), language, name=payload["name"])
        case "gate_fault":
            return explain_code(payload["code"], payload["params"], language)
    return translate(SENTENCES[kind], language) if kind in SENTENCES else kind


def _passage(payload: Mapping[str, Any], language: str) -> str | None:
    sentence = PASSAGES.get(payload["role"])
    if sentence is None:
        return None
    return translate(sentence, language, time=format_time_us(payload["elapsed_us"], language))


def _value(value: object, kind: str, language: str) -> str:
    if value is None:
        return "\N{EM DASH}"
    if isinstance(value, bool):
        return translate(_("yes") if value else _("no"), language)
    if kind == "time_us" and isinstance(value, int):
        return format_time_us(value, language)
    return format_number(value, language) if isinstance(value, int | float) else str(value)
