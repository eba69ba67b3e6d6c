"""The rules that a form brings: a ready discipline, or a file of the organiser's own."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from competitions.contest import ContestState
from competitions.disciplines import Discipline, iter_disciplines, parse_discipline
from competitions.disciplines.examples import check_examples
from competitions.disciplines.parsing import MAX_TEXT
from competitions.errors import CompetitionError
from competitions.ranking import Standing, standings
from lab_controller.errors import Invalid, LabError
from web.championship_views import find_rules
from web.rules import outline_rules, summarize_rules

OWN = "own"
LONGEST_BYTES = 4 * MAX_TEXT


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """`chosen` is a ready discipline's id or OWN; `file` is what was uploaded now, `kept` what was before."""

    chosen: str = ""
    file: bytes | None = None
    kept: str = ""
    look_only: bool = False

    @property
    def is_own(self) -> bool:
        return self.file is not None or self.chosen == OWN

    def text(self) -> str:
        """The text of the rules. Raises Invalid with what is wrong in the file."""
        if not self.is_own:
            return find_rules(self.chosen)
        text = self.kept if self.file is None else decode(self.file)
        if not text:
            raise Invalid("discipline_file_missing")
        parse(text)
        return text


@dataclass(frozen=True, slots=True)
class Move:
    """A team whose place the new rules change."""

    team: str
    before: int | None
    after: int | None


async def read_choice(request: Request) -> tuple[FormData, RuleChoice]:
    """The form of `request` and the rules it brings; a file over the limit is not read to its end."""
    form = await request.form(max_files=1, max_part_size=LONGEST_BYTES)
    upload, data = form.get("file"), None
    if isinstance(upload, UploadFile) and upload.filename:
        data = await upload.read(LONGEST_BYTES + 1)
    words = {name: str(form.get(name, "")) for name in ("discipline", "text", "step")}
    kept = words["text"].replace("\r\n", "\n")
    return form, RuleChoice(OWN if data else words["discipline"], data, kept, words["step"] == "look")


def decode(data: bytes) -> str:
    """A file's text with plain line ends. Raises Invalid `not_utf8` or `text_too_long`."""
    if len(data) > LONGEST_BYTES:
        raise Invalid("text_too_long", longest=MAX_TEXT)
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Invalid("not_utf8", byte=error.start) from error


def parse(text: str) -> Discipline:
    """Raises Invalid, `path` says where."""
    try:
        return parse_discipline(text)
    except CompetitionError as error:
        raise Invalid(error.code, **error.params) from error


def show_choice(choice: RuleChoice, language: str) -> dict[str, Any]:
    """What the form's part on rules shows: the ready disciplines, and the own file if it can be read."""
    own = None
    if choice.is_own:
        try:
            own = show_rules(choice.text(), language)
        except LabError:
            own = None
    ready = [
        {
            "id": each.id,
            "name": each.name,
            "outline": outline_rules(each, language),
            "rules": summarize_rules(each, language),
        }
        for each in iter_disciplines()
    ]
    return {"disciplines": ready, "own": own, "chosen": OWN if choice.is_own else choice.chosen}


def show_rules(text: str, language: str) -> dict[str, Any]:
    """A checked discipline's name, rules in short, and which of its worked examples come out otherwise."""
    discipline = parse(text)
    wrong = check_examples(discipline)
    return {
        "text": text,
        "name": discipline.name,
        "rules": summarize_rules(discipline, language),
        "examples": len(discipline.examples),
        "wrong": list(dict.fromkeys(each.example for each in wrong)),
    }


def list_moves(state: ContestState, rules: Discipline) -> list[Move]:
    """Teams whose place would be another if `rules` held from now on, in the new order."""
    before = {each.entry: each.place for each in standings(state)}
    after: Iterable[Standing] = standings(replace(state, discipline=rules))
    return [
        Move(state.entries[each.entry].team, before.get(each.entry), each.place)
        for each in after
        if before.get(each.entry) != each.place
    ]
