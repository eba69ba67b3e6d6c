"""The report's first lines name the real parts that the tests run against."""

import pytest

from tests.peers.parts import iter_parts


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Nothing for quick runs, which use none of them."""
    return [] if config.get_verbosity() < 0 else ["real parts:", *(f"  {part}" for part in iter_parts())]
