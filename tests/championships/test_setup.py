"""Setting a championship up: rules, fields, teams, ties, the final signature."""

import pytest

from competitions import commands as cmd
from competitions.contest import Settlement
from competitions.statuses import Status
from lab_controller.audit.tables import AuditRecord
from lab_controller.championships.imports import Preview, RowError, TeamRow
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.setup import NewChampionship
from lab_controller.database import Database
from lab_controller.errors import Conflict, Invalid, LabError, NotFound
from tests.championships.contests import RULES, SLUG, Judge, gate, set_up


def code_of(error: pytest.ExceptionInfo[LabError]) -> str:
    return error.value.code


def test_a_championship_is_set_up_from_nothing(service: ChampionshipService) -> None:
    state = service.state(SLUG)
    assert state.name == {"kk": "Кубок", "ru": "Кубок", "en": "Cup"}
    assert {each.entry: (each.team, each.school) for each in state.entries.values()} == {
        "1": ("Alpha", "School 1"),
        "2": ("Beta", "School 2"),
        "3": ("Gamma", "School 1"),
    }
    assert state.fields == {"1": (gate("start", 1), gate("finish", 2))}
    assert state.discipline is not None
    assert (state.discipline.id, state.rev) == ("test_line", 6)


def test_two_championships_cannot_share_a_slug(service: ChampionshipService) -> None:
    spec = NewChampionship(SLUG, {"en": "Again"}, RULES)
    with pytest.raises(Conflict) as error:
        service.create("admin", spec, key="again")
    assert code_of(error) == "slug_taken"


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (NewChampionship("Bad Slug", {"en": "A"}, RULES), "bad_slug"),
        (NewChampionship("a" * 65, {"en": "A"}, RULES), "bad_slug"),
        (NewChampionship("a", {"en": " "}, RULES), "name_missing"),
    ],
)
def test_a_championship_needs_a_slug_and_a_name(
    service: ChampionshipService, spec: NewChampionship, code: str
) -> None:
    with pytest.raises(Invalid) as error:
        service.create("admin", spec, key="x")
    assert code_of(error) == code


@pytest.mark.parametrize(
    ("gates", "code"),
    [
        ([{"point": "start"}], "bad_gate"),
        ([gate("middle", 1)], "bad_gate"),
        ([gate("start", 0)], "bad_gate"),
        ([gate("start", 1, lane=3)], "bad_gate"),
        ([gate("start", 1, device="lab/#")], "bad_gate"),
        ([gate("start", 1), gate("start", 2)], "point_twice"),
        ([gate("start", 1), gate("start", 1, lane=2)], "input_on_two_lanes"),
    ],
)
def test_a_field_whose_gates_make_no_sense_is_refused(
    service: ChampionshipService, gates: list[dict[str, object]], code: str
) -> None:
    with pytest.raises(Invalid) as error:
        service.set_field("admin", SLUG, "2", gates, key="f2")
    assert code_of(error) == code


def test_one_input_belongs_to_one_field(service: ChampionshipService) -> None:
    with pytest.raises(Conflict) as error:
        service.set_field("admin", SLUG, "2", [gate("start", 1)], key="f2")
    assert code_of(error) == "input_elsewhere"


def test_a_closed_field_takes_no_runs_and_frees_its_gates(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.time_by_hand("r1", 12_000_000)
    service.close_field("admin", SLUG, "1", key="close")
    assert service.close_field("admin", SLUG, "1", key="close-again").seqs == ()
    with pytest.raises(Conflict) as refused:
        judge.open_run("r2", entry="2")
    assert code_of(refused) == "field_closed"
    service.set_field("admin", SLUG, "2", [gate("start", 1)], key="f2")
    with pytest.raises(Conflict) as taken:
        service.open_field("admin", SLUG, "1", key="open")
    assert code_of(taken) == "input_elsewhere"
    service.close_field("admin", SLUG, "2", key="close-2")
    service.open_field("admin", SLUG, "1", key="open-again")
    assert service.state(SLUG).fields == {"1": (gate("start", 1), gate("finish", 2))}
    assert service.state(SLUG).runs["r1"].phase == "accepted"
    judge.open_run("r2", entry="2")


def test_a_field_with_an_open_run_is_not_closed(service: ChampionshipService) -> None:
    Judge(service).open_run("r1")
    with pytest.raises(Conflict) as error:
        service.close_field("admin", SLUG, "1", key="close")
    assert code_of(error) == "field_in_use"
    for act in (service.close_field, service.open_field):
        with pytest.raises(NotFound):
            act("admin", SLUG, "9", key=f"{act.__name__}-9")


def test_the_final_signature_closes_the_championship(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.time_by_hand("r1", 12_000_000)
    judge.open_run("r2", entry="2")
    judge.order("r2", cmd.ProposeStatus(Status.DNS))
    with pytest.raises(Conflict) as error:
        service.sign_final("chief", SLUG, "chief_judge", "A. Serik", key="s1")
    assert code_of(error) == "run_in_progress"
    judge.order("r2", cmd.Accept())
    service.sign_final("chief", SLUG, "chief_judge", "A. Serik", key="s1")
    for closed in (
        lambda: judge.order("r1", cmd.Void("late idea")),
        lambda: service.withdraw_entry("admin", SLUG, "3", "ill", key="w"),
    ):
        with pytest.raises(Conflict) as error:
            closed()
        assert code_of(error) == "championship_signed"
    service.sign_final("chief", SLUG, "secretary", "D. Kim", key="s2")
    assert len(service.state(SLUG).signatures) == 2


def test_embargo_and_its_lifting_are_in_the_log(service: ChampionshipService) -> None:
    service.set_embargo("chief", SLUG, True, key="e1", reason="final")
    assert service.state(SLUG).embargo
    assert service.set_embargo("chief", SLUG, True, key="e2").seqs == ()
    service.set_embargo("chief", SLUG, False, key="e3")
    assert [row["kind"] for row in service.log(SLUG, after=6)] == ["embargo_set", "embargo_lifted"]


def test_a_tie_is_settled_on_the_record(service: ChampionshipService) -> None:
    settled = Settlement(("2", "1"), "draw", 7, "")
    with pytest.raises(Conflict) as error:
        service.settle_tie("chief", SLUG, settled, key="t0")
    assert code_of(error) == "tie_changed"
    judge = Judge(service)
    judge.time_by_hand("r1", 12_000_000, entry="1")
    judge.time_by_hand("r2", 12_100_000, entry="2")
    service.settle_tie("chief", SLUG, settled, key="t1")
    assert service.state(SLUG).settlements == (settled,)
    with pytest.raises(Invalid):
        service.settle_tie("chief", SLUG, Settlement(("2", "1"), "draw", None, ""), key="t2")


def test_the_rules_cannot_change_under_a_run(service: ChampionshipService) -> None:
    judge = Judge(service)
    judge.open_run("r1")
    judge.order("r1", cmd.Arm("0a0a0a0a"))
    with pytest.raises(Conflict) as error:
        service.set_discipline("admin", SLUG, RULES.replace("attempts = 3", "attempts = 2"), key="d")
    assert code_of(error) == "run_in_progress"
    with pytest.raises(Conflict) as error:
        service.set_field("admin", SLUG, "1", [], key="f")
    assert code_of(error) == "field_busy"


def test_an_import_is_previewed_against_who_is_entered_and_applied_once(service: ChampionshipService) -> None:
    table = [
        "number;team;school;participants",
        "7;Delta;School 3;Аян С., Дана К.",
        ";«alpha»;school 1;",
        "2;E;S;",
    ]
    preview = service.preview_import(SLUG, "\n".join(table).encode(), "teams.csv")
    delta = TeamRow(2, "Delta", "School 3", number=7, participants=("Аян С.", "Дана К."))
    assert preview == Preview(
        rows=(delta,),
        errors=(
            RowError(3, "team", "import_already_entered", {"entry": "1"}),
            RowError(4, "number", "import_number_taken", {"entry": "2"}),
        ),
        source="utf-8-sig ';'",
    )
    first = service.add_entries("admin", SLUG, preview.rows, key="apply")
    assert service.add_entries("admin", SLUG, preview.rows, key="apply") == first
    with pytest.raises(Invalid) as error:
        service.add_entries("admin", SLUG, preview.rows, key="apply-again")
    assert error.value.params == {
        "errors": [{"row": 2, "column": "team", "code": "import_already_entered", "entry": "7"}]
    }
    assert service.state(SLUG).entries["7"].team == "Delta"


def test_a_team_without_a_number_takes_the_next_free_one(service: ChampionshipService) -> None:
    rows = [TeamRow(2, "D", "S", number=4), TeamRow(3, "E", "S"), TeamRow(4, "F", "S")]
    service.add_entries("admin", SLUG, rows, key="more")
    assert {
        each.team: entry for entry, each in service.state(SLUG).entries.items() if each.school == "S"
    } == {
        "D": "4",
        "E": "5",
        "F": "6",
    }


def test_one_team_in_two_championships_is_one_team(service: ChampionshipService) -> None:
    set_up(service, "almaty-2027")
    row = TeamRow(2, "Delta", "School 3", participants=("Аян С.",))
    for slug in (SLUG, "almaty-2027"):
        service.add_entries("admin", slug, [row], key=f"{slug}-delta")
    assert service.read_participants("admin", "almaty-2027", "4") == ["Аян С."]


def test_childrens_names_are_in_no_log_and_reading_them_is_on_record(
    service: ChampionshipService, database: Database
) -> None:
    row = TeamRow(2, "Delta", "School 3", coach="Ким А.", participants=("Аян С.",))
    service.add_entries("admin", SLUG, [row], key="delta")
    exported = "".join(service.export(SLUG))
    assert "Аян" not in exported
    assert "Ким" not in exported
    assert service.read_participants("instructor-1", SLUG, "4") == ["Аян С."]
    with database.read() as session:
        record = session.get_one(AuditRecord, 1)
        assert (record.actor, record.action, record.subject, record.payload) == (
            "instructor-1",
            "participants_read",
            "championship:almaty-2026",
            '{"entry":"4"}',
        )


def test_a_teams_names_are_corrected_and_its_children_stay_with_it(service: ChampionshipService) -> None:
    row = TeamRow(2, "Dleta", "School 3", participants=("Аян С.",))
    service.add_entries("admin", SLUG, [row], key="delta")
    service.change_entry("admin", SLUG, "4", team="Delta", school="School 4", key="right")
    entry = service.state(SLUG).entries["4"]
    assert (entry.team, entry.school) == ("Delta", "School 4")
    assert service.read_participants("admin", SLUG, "4") == ["Аян С."]
    with pytest.raises(Invalid) as error:
        service.change_entry("admin", SLUG, "4", team="alpha", school="School 1", key="clash")
    assert code_of(error) == "import_rows"
    with pytest.raises(NotFound):
        service.change_entry("admin", SLUG, "9", team="A", school="B", key="none")


def test_a_name_corrected_in_one_championship_stays_as_it_was_in_another(
    service: ChampionshipService,
) -> None:
    row = TeamRow(2, "Delta", "School 3", coach="Ким А.", participants=("Аян С.",))
    service.add_entries("admin", SLUG, [row], key="delta")
    set_up(service, "almaty-2027")
    service.add_entries("admin", "almaty-2027", [row], key="again")
    service.change_entry("admin", "almaty-2027", "4", team="Delta 2", school="School 3", key="right")
    other = TeamRow(3, "Delta 2", "School 3", participants=("Дана К.",))
    service.add_entries("admin", SLUG, [other], key="other")
    assert service.read_participants("admin", SLUG, "4") == ["Аян С."]
    assert service.read_participants("admin", "almaty-2027", "4") == ["Аян С.", "Дана К."]
    service.change_entry("admin", "almaty-2027", "4", team="DELTA 2", school="School 3", key="louder")
    assert service.state("almaty-2027").entries["4"].team == "DELTA 2"


@pytest.mark.parametrize(
    "row", [TeamRow(1, " ", "School"), TeamRow(1, "A" * 101, "School"), TeamRow(1, "A\x07", "School")]
)
def test_a_team_typed_by_hand_is_checked_like_one_in_a_table(
    service: ChampionshipService, row: TeamRow
) -> None:
    with pytest.raises(Invalid) as error:
        service.add_entries("admin", SLUG, [row], key="typed")
    assert code_of(error) == "import_rows"


def test_the_same_team_twice_in_one_list_is_refused(service: ChampionshipService) -> None:
    rows = [TeamRow(1, "Delta", "School 3"), TeamRow(1, "delta", "SCHOOL 3")]
    with pytest.raises(Invalid) as error:
        service.add_entries("admin", SLUG, rows, key="twice")
    assert code_of(error) == "import_rows"
