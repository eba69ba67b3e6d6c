"""Runs the program in the main thread, where it may do whatever it likes."""

import time

import lab
from updates import PROGRAM, line_of, trace

IDLE_MS = 50


class Runner:
    """`failure` is (problem, line) of a program that ended badly."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.running = False
        self.failure = None

    def run(self):
        """Once, if it is wanted and there."""
        self.wanted, self.failure = False, None
        try:
            with open(PROGRAM) as file:
                source = file.read()
        except OSError:
            return
        self.running = True
        try:
            exec(compile(source, PROGRAM, "exec"), {"__name__": "__main__", "print": lab.show})
        except (SystemExit, KeyboardInterrupt):
            pass
        except BaseException as problem:
            self.failure = "%s: %s" % (type(problem).__name__, problem), line_of(problem, PROGRAM)
            lab.show(trace(problem), end="")
        self.running = False

    def wait(self):
        """Until the program is wanted again."""
        while not self.wanted:
            time.sleep_ms(IDLE_MS)
