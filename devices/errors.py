"""What can go wrong near the hardware: a stable code and named parameters, never a sentence."""

from collections.abc import Mapping

Param = str | int | float | bool | None


class DeviceError(Exception):
    """`code` is stable and translated in `web/`; `params` name what the sentence needs."""

    def __init__(self, code: str, **params: Param) -> None:
        super().__init__(code, params)
        self.code = code
        self.params: Mapping[str, Param] = params

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.code}({told})"


class TransportError(DeviceError):
    """The way to the device failed; `permanent` means that trying again without a person is useless."""

    def __init__(self, code: str, *, permanent: bool = False, **params: Param) -> None:
        super().__init__(code, **params)
        self.permanent = permanent


class ProtocolError(DeviceError):
    """The device answered, but not in its own protocol."""


class UploadError(DeviceError):
    """A program did not get onto the device; `code` tells a child what to do next."""


FAULTS_OF_THE_PROGRAM = frozenset(
    {
        "compile_failed",
        "name_on_board",
        "no_such_slot",
        "program_damaged",
        "program_empty",
        "program_taken_back",
        "program_too_big",
        "wrong_board",
        "wrong_file_type",
    }
)
"""Codes of what is wrong with the file, or with the place asked for: the same again ends in the same way."""
