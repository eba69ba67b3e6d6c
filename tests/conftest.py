"""The report's first lines name the real parts that the tests run against."""

import pytest
from hypothesis import settings

from tests.peers.parts import iter_parts

settings.register_profile("quick", max_examples=20)
"""For `make check`: fewer examples of each claim that does not ask for a number of its own."""


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Nothing for quick runs, which use none of them."""
    return [] if config.get_verbosity() < 0 else ["real parts:", *(f"  {part}" for part in iter_parts())]
