"""The words of LEGO's byte code language that our assembler knows."""

from collections.abc import Mapping

TYPES = ("8", "16", "32", "F")


def _opcodes() -> dict[str, int]:
    """Families first: four types each."""
    codes: dict[str, int] = {}
    for i, name in enumerate(("ADD", "SUB", "MUL", "DIV")):
        codes |= {f"{name}{kind}": 0x10 + 4 * i + j for j, kind in enumerate(TYPES)}
    for i, name in enumerate(("OR", "AND", "XOR", "RL")):
        codes |= {f"{name}{kind}": 0x20 + 4 * i + j for j, kind in enumerate(TYPES[:3])}
    for i, source in enumerate(TYPES):
        codes |= {f"MOVE{source}_{kind}": 0x30 + 4 * i + j for j, kind in enumerate(TYPES)}
    for i, name in enumerate(("LT", "GT", "EQ", "NEQ", "LTEQ", "GTEQ")):
        for j, kind in enumerate(TYPES):
            codes[f"CP_{name}{kind}"] = 0x44 + 4 * i + j
            codes[f"JR_{name}{kind}"] = 0x64 + 4 * i + j
    return codes


OPCODES: Mapping[str, int] = {
    **_opcodes(),
    "OBJECT_END": 0x0A,
    "JR": 0x40,
    "JR_FALSE": 0x41,
    "JR_TRUE": 0x42,
    "SYSTEM": 0x60,
    "STRINGS": 0x7D,
    "UI_FLUSH": 0x80,
    "UI_WRITE": 0x82,
    "UI_BUTTON": 0x83,
    "UI_DRAW": 0x84,
    "TIMER_WAIT": 0x85,
    "TIMER_READY": 0x86,
    "SOUND": 0x94,
    "SOUND_READY": 0x96,
    "INPUT_DEVICE": 0x99,
    "INPUT_READSI": 0x9D,
    "OUTPUT_RESET": 0xA2,
    "OUTPUT_STOP": 0xA3,
    "OUTPUT_POWER": 0xA4,
    "OUTPUT_SPEED": 0xA5,
    "OUTPUT_START": 0xA6,
    "OUTPUT_GET_COUNT": 0xB3,
    "FILE": 0xC0,
    "MAILBOX_WRITE": 0xD9,
}
WORDS: Mapping[str, Mapping[str, int]] = {
    "STRINGS": {"DUPLICATE": 5, "VALUE_FORMATTED": 11},
    "UI_WRITE": {"LED": 27},
    "UI_BUTTON": {"WAIT_FOR_PRESS": 3, "FLUSH": 4, "PRESSED": 9},
    "UI_DRAW": {"UPDATE": 0, "TEXT": 5, "FILLWINDOW": 19},
    "SOUND": {"TONE": 1},
    "INPUT_DEVICE": {"READY_SI": 29},
    "FILE": {"OPEN_APPEND": 0, "OPEN_WRITE": 2, "WRITE_TEXT": 6, "CLOSE": 7},
}
DEFINES: Mapping[str, int] = {
    "ENTER_BUTTON": 2,
    "BACK_BUTTON": 6,
    "ANY_BUTTON": 7,
    "FG_COLOR": 1,
    "BG_COLOR": 0,
    "LED_GREEN": 1,
    "LED_RED": 2,
    "LED_ORANGE": 3,
    "HW_BT": 2,
    "DATA_F": 3,
    "DATA_S": 4,
    "DEL_NONE": 0,
    "DEL_COMMA": 5,
    "DEL_LINEFEED": 6,
}
