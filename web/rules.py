"""A discipline's rules as short lines that an organiser can read aloud."""

from collections.abc import Iterator
from dataclasses import dataclass

from competitions.disciplines import Discipline, PenaltyRule
from competitions.statuses import Status
from web.formats import SECOND_US, format_number
from web.languages import load_catalogue, pick_name


@dataclass(frozen=True, slots=True)
class Line:
    """What the line is about, and what the rules say of it."""

    topic: str
    text: str


def summarize_rules(discipline: Discipline, language: str) -> list[Line]:
    """Everything that decides a place, in the order in which it happens to a team."""
    return list(_Summary(discipline, language).lines())


def outline_rules(discipline: Discipline, language: str) -> str:
    """What tells disciplines apart at a glance: attempts, their time, laps, robots at once."""
    return ", ".join(_Summary(discipline, language).outline())


class _Summary:
    def __init__(self, discipline: Discipline, language: str) -> None:
        self.discipline, self.language = discipline, language
        catalogue = load_catalogue(language)
        self._, self.plural = catalogue.gettext, catalogue.ngettext

    def lines(self) -> Iterator[Line]:
        _ = self._
        yield Line(_("Attempts"), self.attempts())
        if self.discipline.lanes > 1:
            yield Line(
                _("On the field"),
                self.ngettext("%(n)s robot at once", "%(n)s robots at once", self.discipline.lanes),
            )
        yield Line(_("Clock"), self.clock())
        if self.discipline.time_limit_us is not None:
            yield Line(_("Time limit"), self.limit(self.discipline.time_limit_us))
        for rule in self.discipline.penalties:
            yield Line(pick_name(rule.name, self.language), self.penalty(rule))
        if self.discipline.params:
            names = [pick_name(param.name, self.language) for param in self.discipline.params]
            yield Line(_("The judge enters"), ", ".join(names))
        yield Line(_("Order"), self.order())
        yield Line(_("Equal results"), self.tie())

    def outline(self) -> Iterator[str]:
        discipline = self.discipline
        yield self.ngettext("%(n)s attempt", "%(n)s attempts", discipline.attempts)
        if discipline.laps is not None and discipline.laps.count is not None:
            yield self.ngettext("%(n)s lap", "%(n)s laps", discipline.laps.count)
        if discipline.time_limit_us is None:
            yield self._("no time limit")
        else:
            yield self.seconds(discipline.time_limit_us)
        if discipline.laps is not None and discipline.laps.count is None:
            yield self._("as many laps as the time allows")
        if discipline.lanes > 1:
            yield self.ngettext("%(n)s robot at once", "%(n)s robots at once", discipline.lanes)

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self.plural(one, many, number) % {"n": number}

    def attempts(self) -> str:
        _, aggregate = self._, self.discipline.aggregate
        count = self.ngettext("%(n)s attempt", "%(n)s attempts", self.discipline.attempts)
        if self.discipline.attempts == 1:
            return count
        counted = {
            "best": _("the best one counts"),
            "last": _("the last one counts"),
            "sum_best_n": _("the best %(n)s are added up") % {"n": aggregate.n},
            "mean_best_n": _("the mean of the best %(n)s counts") % {"n": aggregate.n},
        }[aggregate.method]
        return f"{count}, {counted}"

    def clock(self) -> str:
        _, laps = self._, self.discipline.laps
        began = (
            _("starts at the signal")
            if self.discipline.start.kind == "signal"
            else _("starts at the start gate")
        )
        if laps is None:
            ended = _("stops at the finish gate") if self.discipline.finish else _("the judge stops it")
        elif laps.count is None:
            ended = _("as many laps as the time allows")
        else:
            ended = self.ngettext("stops after %(n)s lap", "stops after %(n)s laps", laps.count)
        return f"{began}, {ended}"

    def limit(self, limit_us: int) -> str:
        _ = self._
        text = self.seconds(limit_us)
        if self.discipline.ranks_unfinished or self.discipline.over_limit is Status.OK:
            return text
        is_out = self.discipline.over_limit is Status.DSQ
        ended = (
            _("then the attempt is disqualified") if is_out else _("then the attempt counts as not finished")
        )
        return f"{text}, {ended}"

    def penalty(self, rule: PenaltyRule) -> str:
        _, parts = self._, []
        if rule.time_us:
            parts.append(f"+{self.seconds(rule.time_us)}")
        if rule.points:
            parts.append(_("%(n)s points") % {"n": format_number(rule.points, self.language)})
        if rule.laps:
            parts.append(self.ngettext("%(n)s lap less", "%(n)s laps less", rule.laps))
        if rule.dsq_at == 1:
            parts.append(_("disqualification"))
        elif rule.dsq_at:
            parts.append(_("disqualification at number %(n)s") % {"n": rule.dsq_at})
        return ", ".join(parts) or _("is noted")

    def order(self) -> str:
        _ = self._
        keys = []
        for key in self.discipline.ranking:
            better = _("less is better") if key.direction == "asc" else _("more is better")
            keys.append(f"{pick_name(key.name, self.language)} ({better})")
        following = _("then")
        return f", {following} ".join(keys)

    def tie(self) -> str:
        _ = self._
        return {
            "share": _("share the place"),
            "rematch": _("are decided by another run"),
            "judge": _("are decided by the head judge"),
            "draw": _("are decided by drawing lots"),
        }[self.discipline.tie]

    def seconds(self, us: int) -> str:
        _, minutes = self._, us // SECOND_US // 60
        rest = (us - minutes * 60 * SECOND_US) / SECOND_US
        parts = [_("%(n)s min") % {"n": minutes}] if minutes else []
        if rest or not minutes:
            parts.append(_("%(n)s s") % {"n": format_number(rest, self.language)})
        return " ".join(parts)
