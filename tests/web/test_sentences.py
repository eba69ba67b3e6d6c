import re

import pytest

from devices.errors import FAULTS_OF_THE_PROGRAM
from tests.web.codes import raised_codes
from web.languages import load_catalogue
from web.sentences import explain_code, list_placeholders
from web.wording import SENTENCES, UNKNOWN

LANGUAGES = ("kk", "ru", "en")
# What a person does about it, rather than what has happened to them.
STEP = re.compile(r"[.?:;] \S")


def codes_with_a_sentence() -> set[str]:
    return {key.split(":")[0] for key in SENTENCES}


@pytest.mark.slow
def test_every_code_that_can_be_raised_has_a_sentence() -> None:
    missing = {code: where for code, where in raised_codes().items() if code not in codes_with_a_sentence()}
    assert missing == {}


@pytest.mark.parametrize("code", sorted(FAULTS_OF_THE_PROGRAM))
def test_a_fault_of_the_program_is_known_and_does_not_send_anybody_to_try_again(code: str) -> None:
    told = [sentence for key, sentence in SENTENCES.items() if key.split(":")[0] == code]
    assert told
    assert [sentence for sentence in told if "try again" in sentence.casefold()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_goes_on_to_the_next_step(language: str) -> None:
    catalogue = load_catalogue(language)
    for code, sentence in SENTENCES.items():
        assert STEP.search(catalogue.gettext(sentence)), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_without_its_parameters_is_still_told(language: str) -> None:
    for key in SENTENCES:
        told = explain_code(key.split(":")[0], {}, language)
        assert "{" not in told


def test_parameters_are_written_in_the_readers_language() -> None:
    params = {"left_us": 12_483_000}
    assert "12,483" in explain_code("limit_not_reached", params, "ru")
    assert "12.483" in explain_code("limit_not_reached", params, "en")
    assert "1, 2" in explain_code("beam_blocked", {"lanes": [1, 2]}, "en")


def test_one_code_may_say_more_when_it_knows_more() -> None:
    assert "avrdude holds the port /dev/ttyUSB0." in explain_code(
        "port_busy", {"port": "/dev/ttyUSB0", "holder": "avrdude"}, "en"
    )
    assert "Another program holds the port /dev/ttyUSB0." in explain_code(
        "port_busy", {"port": "/dev/ttyUSB0"}, "en"
    )


@pytest.mark.parametrize("code", ["port_missing", "cable_pulled", "port_failed", "board_silent"])
@pytest.mark.parametrize("port", ["ble:Bumblebee", "tcp:10.0.0.7:5555"])
def test_nobody_looks_for_the_cable_of_a_kit_that_has_none(code: str, port: str) -> None:
    told = explain_code(code, {"port": port, "device": "hub-1"}, "en")
    assert "cable" not in told
    assert "RESET" not in told
    assert told.startswith(("Bumblebee ", "10.0.0.7:5555 ", "Nothing answers at 10.0.0.7:5555."))


@pytest.mark.parametrize(
    ("params", "step"),
    [
        ({}, "the kit's own buttons"),
        ({"free": 500}, "500 bytes are free"),
        ({"slots": 8}, "Choose the place of a program"),
        ({"typed": 'os.remove("old.py")'}, 'Type os.remove("old.py") into its console'),
    ],
)
def test_whose_kit_is_full_is_told_what_that_kit_lets_them_do(params: dict[str, object], step: str) -> None:
    told = explain_code("storage_full", params, "en")
    assert step in told
    assert ("bytes" in told) == ("free" in params)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_code_of_an_unknown_plug_in_names_itself(language: str) -> None:
    assert "kettle_dry" in explain_code("kettle_dry", {"code": "x", "0": "y"}, language)
    assert list_placeholders(UNKNOWN) == {"code"}


def test_a_parameter_cannot_reach_into_our_objects() -> None:
    hostile = {"text": "{code.__class__}", "code": "{0}"}
    assert "{code.__class__}" in explain_code("device_alert", hostile, "en")
