"""The Kazakh and the Russian catalogue say everything that the English pages say."""

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


def load(language: str) -> Catalog:
    with (ROOT / "web/locales" / language / "LC_MESSAGES/messages.po").open("rb") as source:
        return read_po(source, locale=language)


def extracted() -> set[str | tuple[str, ...]]:
    with (ROOT / "web/babel.cfg").open() as config:
        methods, options = parse_mapping_cfg(config)
    methods = [(pattern.removeprefix("web/"), method) for pattern, method in methods]
    options = {pattern.removeprefix("web/"): option for pattern, option in options.items()}
    return {
        message[2]
        for message in extract_from_dir(ROOT / "web", methods, options)
    }  # fmt: skip


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_every_message_is_translated(language: str) -> None:
    catalogue = load(language)
    known = {message.id for message in catalogue if message.id}
    untranslated = [
        message.id
        for message in catalogue
        if message.id
        and not all(message.string if isinstance(message.string, tuple | list) else [message.string])
    ]
    assert (extracted() - known, untranslated, [m.id for m in catalogue if m.id and m.fuzzy]) == (
        set(),
        [],
        [],
    )


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_placeholders_are_the_same_in_the_translation(language: str) -> None:
    for message in load(language):
        if not message.id:
            continue
        if isinstance(message.id, str):
            assert Counter(PLACEHOLDER.findall(message.string)) == Counter(PLACEHOLDER.findall(message.id)), (
                message.id
            )
        else:
            allowed = set(PLACEHOLDER.findall(message.id[1]))
            for form in message.string:
                assert set(PLACEHOLDER.findall(form)) <= allowed, message.id


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_nothing_is_left_in_english(language: str) -> None:
    words = re.compile(r"\b(the|and|is|your|with|this)\b", re.IGNORECASE)
    for message in load(language):
        for text in message.string if isinstance(message.string, tuple | list) else [message.string]:
            assert not message.id or not words.search(PLACEHOLDER.sub("", text)), message.id
