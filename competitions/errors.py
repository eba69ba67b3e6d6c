"""What the rules refuse, as codes with parameters; the sentences are made elsewhere."""


class CompetitionError(Exception):
    """A refusal with a stable `code` and named `params`."""

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        self.params: dict[str, object] = params
        super().__init__(code, params)

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.code}({told})"


class DisciplineError(CompetitionError):
    """A discipline file that cannot be used."""


class ExpressionError(CompetitionError):
    """A CEL expression that cannot be compiled or evaluated."""


class RuleError(CompetitionError):
    """A command that the rules refuse in this state."""


class RecordError(CompetitionError):
    """A log record or command of unknown kind or wrong shape."""
