"""What a board's output tells: its banner, and whether it waits at its prompt."""

from devices.protocols.raw_repl import PROMPT, RAW_PROMPT, Banner, parse_banner

KEPT_MAX = 4096
_PROMPT, _RAW_PROMPT = PROMPT.decode(), RAW_PROMPT.decode()


class Listener:
    """Keeps the last few kilobytes; text comes in any pieces."""

    def __init__(self) -> None:
        self.text = ""
        self.banner: Banner | None = None

    @property
    def at_prompt(self) -> bool:
        """Whether nothing came after the prompt, which stands at the start of a line."""
        return self.text == _PROMPT or self.text.endswith(("\n" + _PROMPT, "\r" + _PROMPT))

    @property
    def at_raw_prompt(self) -> bool:
        """Whether the board waits for statements that nobody can type."""
        return self.text.endswith(_RAW_PROMPT)

    def hear(self, text: str) -> None:
        """More of what the board says."""
        self.text = (self.text + text)[-KEPT_MAX:]
        if "\n" in text:
            self.banner = parse_banner(self.text) or self.banner

    def forget_prompt(self) -> None:
        """The next prompt is a new one."""
        self.text = ""
