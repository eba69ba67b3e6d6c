"""What `make bench` says with its exit status."""

import sys
from types import ModuleType

import pytest

from tests.bench import __main__ as bench
from tests.bench.figures import Figure


@pytest.mark.parametrize(("reached", "status"), [(True, 0), (None, 0), (False, 1)])
def test_a_missed_limit_is_told_after_all_figures_are_printed(reached, status, monkeypatch, capsys):
    for name, verdict in (("bench_one", reached), ("bench_two", True)):
        module = ModuleType(name)
        figure = Figure(f"figure of {name}", "1", "2", verdict)
        monkeypatch.setattr(module, "measure", lambda figure=figure: [figure], raising=False)
        monkeypatch.setitem(sys.modules, f"tests.bench.{name}", module)
    monkeypatch.setattr(bench, "iter_names", lambda: ["bench_one", "bench_two"])
    assert bench.main([]) == status
    printed = capsys.readouterr().out
    assert [name in printed for name in ("bench_one", "bench_two")] == [True, True]
