"""JSON as it comes over the bus."""

import json
from typing import Any

from devices.errors import ProtocolError


def parse_object(text: str) -> dict[str, Any]:
    """Raises ProtocolError("bad_command") if it is no object, or holds a half of a letter.

    `"\\ud800"` alone is allowed in JSON, but no disk and no bus takes it.
    """
    try:
        told = json.loads(text)
        if "\\u" in text:
            json.dumps(told, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ProtocolError("bad_command", payload=text[:80]) from error
    if not isinstance(told, dict):
        raise ProtocolError("bad_command", payload=text[:80])
    return told
