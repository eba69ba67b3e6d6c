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


def test_what_others_took_of_the_processors_is_told(tmp_path):
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 0 50 800 10 0 0 40 0 0\ncpu0 1 2 3\n")
    steal = bench.watch_steal(stat)
    assert steal() is None
    stat.write_text("cpu  140 0 60 840 10 0 0 50 0 0\ncpu0 1 2 3\n")
    assert steal() == 0.1
    assert bench.watch_steal(tmp_path / "no such machine")() is None
