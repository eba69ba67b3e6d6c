"""Programs that come over the air: gathered in flash, checked, tried once, and taken back if they fail at the start.

What is under way is in `job.json`, and how it ended in `end.json` until the lab has it, so that a power cut at any
moment leaves one whole program and one truth.
"""

import hashlib
import io
import sys
from binascii import a2b_base64, hexlify
from time import ticks_diff, ticks_ms

import flash

PROGRAM, NEW, OLD = "program.py", "program.new", "program.old"
JOB, END = "job.json", "end.json"
MAX_BYTES = 64 * 1024
SPARE_BYTES = 8 * 1024
PART_BYTES = 1024
AFTER_RESTART = 1000  # no word of an earlier start has a number as high as this
TOLD_EVERY = 8
ARRIVES_MS = 30_000


class Updates:
    """`words` are events for the lab; `wants_restart` is set when a new program is in its place."""

    def __init__(self):
        self.words = []
        self.wants_restart = False
        self._n = AFTER_RESTART
        self._job = flash.load(JOB)
        self._file = self._hash = None
        self._next = self._done = self._size = self._heard_ms = 0
        self._recover()

    # --- at the start ---

    def _recover(self):
        job = self._job
        if job is None:
            return
        if job["phase"] == "receiving":
            self._fail("program_torn", {"name": job["name"]})
        elif job["phase"] == "placing":
            self._place()
            self.wants_restart = False
        elif job["begun"]:
            self._restore()
            self._fail("program_restarts", {})

    def is_trial(self):
        """Whether the program that starts now has never run before; its next start would be its second."""
        job = self._job
        if job is None or job["phase"] != "trial":
            return False
        if not job["begun"]:
            job["begun"] = True
            flash.save(JOB, job)
        return True

    def confirm(self):
        """The new program lives."""
        self._end("succeeded", "", {})

    def take_back(self, problem, line):
        """The new program failed at its start: the old one takes its place again."""
        self._restore()
        self._fail("program_taken_back", {"problem": problem, "line": line} if line else {"problem": problem})

    def _restore(self):
        flash.remove(PROGRAM)
        if flash.exists(OLD):
            flash.move(OLD, PROGRAM)

    # --- orders ---

    def obey(self, name, wanted):
        """`order`, `part`, `cancel` or `committed` came."""
        if name == "order":
            self._order(wanted)
        elif name == "part":
            self._part(wanted)
        elif name == "cancel":
            self._cancel(wanted)
        elif name == "committed":
            self._commit(wanted)

    def _order(self, wanted):
        key = self._key(wanted)
        if self._job is not None:
            if self._key(self._job) != key:
                self._refuse(wanted, "device_busy", {"port": "Wi-Fi"})
            return
        end = flash.load(END)
        if end is not None and self._key(end) == key:
            self.words.append(end)
            return
        size, free = wanted["size"], flash.free()
        if size > MAX_BYTES:
            return self._refuse(wanted, "program_too_big", {"size": size, "limit": MAX_BYTES})
        if free is not None and free < size + SPARE_BYTES:
            return self._refuse(wanted, "storage_full", {"free": free})
        self._job = {
            "job": wanted["job"],
            "attempt": wanted["attempt"],
            "name": wanted["name"],
            "sha256": wanted["sha256"],
            "run": wanted["run"],
            "phase": "receiving",
            "begun": False,
        }
        flash.save(JOB, self._job)
        self._file, self._hash = open(NEW, "wb"), hashlib.sha256()
        self._n = self._next = self._done = 0
        self._size, self._heard_ms = size, ticks_ms()
        self._say("preparing", "receiving", 0, size)

    def _part(self, wanted):
        """Parts come in their order; one that comes twice is passed over."""
        if self._file is None or self._key(wanted) != self._key(self._job) or wanted["n"] != self._next:
            return
        data, self._heard_ms = a2b_base64(wanted["data"]), ticks_ms()
        try:
            self._file.write(data)
        except OSError:
            return self._fail("storage_full", {"free": 0})
        self._hash.update(data)
        self._next += 1
        self._done += len(data)
        if self._done >= self._size:
            self._check()
        elif self._next % TOLD_EVERY == 0:
            self._say("preparing", "receiving", self._done, self._size)

    def _check(self):
        self._say("running", "verifying", self._size, self._size)
        try:
            self._file.close()
        except OSError:
            return self._fail("storage_full", {"free": 0})
        self._file = None
        name = self._job["name"]
        if self._done != self._size or hexlify(self._hash.digest()).decode() != self._job["sha256"]:
            return self._fail("program_torn", {"name": name})
        problem = find_mistake(NEW, name)
        if problem is not None:
            return self._fail("compile_failed", problem)
        self._job["phase"] = "placing"
        flash.save(JOB, self._job)
        self._place()

    def _place(self):
        """May be cut at any point and begun again."""
        if flash.exists(NEW):
            if flash.exists(PROGRAM):
                flash.move(PROGRAM, OLD)
            flash.move(NEW, PROGRAM)
        if not self._job["run"]:
            return self._end("succeeded", "", {})
        self._say("running", "starting", 0, 0)
        self._job["phase"] = "trial"
        flash.save(JOB, self._job)
        self.wants_restart = True

    def _cancel(self, wanted):
        if self._job is None or self._key(wanted) != self._key(self._job):
            if self._job is None and flash.load(END) is None:
                self._refuse(wanted, "cancelled", {}, "cancelled")
        elif self._job["phase"] == "receiving":
            self._end("cancelled", "cancelled", {})

    def _commit(self, wanted):
        end = flash.load(END)
        if end is not None and wanted["boot"] == self._key(end) and end["n"] in wanted["seqs"]:
            flash.remove(END)

    def tick(self):
        """Give up a program whose rest never came."""
        if self._file is not None and ticks_diff(ticks_ms(), self._heard_ms) > ARRIVES_MS:
            self._fail("program_torn", {"name": self._job["name"]})

    # --- words ---

    def tell_again(self):
        """The end of the last job, until the lab has it."""
        end = flash.load(END)
        if end is not None:
            self.words.append(end)

    def _fail(self, code, params):
        self._end("failed", code, params)

    def _end(self, state, code, params):
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                pass
            self._file = None
        flash.remove(NEW)
        word = self._word(state)
        word.update({"stage": "", "code": code, "params": params})
        flash.save(END, word)
        self._job = None
        flash.remove(JOB)
        self.words.append(word)

    def _refuse(self, wanted, code, params, state="failed"):
        """An order that changes nothing here; the lab asks again if this word is lost."""
        word = {"job": wanted["job"], "attempt": wanted["attempt"], "n": AFTER_RESTART, "state": state}
        word.update({"stage": "", "code": code, "params": params})
        self.words.append(word)

    def _say(self, state, stage, done, total):
        word = self._word(state)
        word.update({"stage": stage, "done": done, "total": total})
        self.words.append(word)

    def _word(self, state):
        n, self._n = self._n, self._n + 1
        return {"job": self._job["job"], "attempt": self._job["attempt"], "n": n, "state": state}

    def _key(self, told):
        return "%s-%s" % (told["job"], told["attempt"])


def find_mistake(path, name):
    """{"problem", "line"} of a program that cannot be compiled, or None."""
    try:
        with open(path) as file:
            compile(file.read(), name, "exec")
    except (SyntaxError, UnicodeError) as problem:
        return {"problem": str(problem) or "invalid syntax", "line": line_of(problem, name)}
    except MemoryError:
        return {"problem": "MemoryError", "line": 0}
    return None


def trace(problem):
    """The traceback as text."""
    text = io.StringIO()
    sys.print_exception(problem, text)
    return text.getvalue()


def line_of(problem, name):
    """The last line of the program itself that a traceback names, 0 if there is none."""
    found = 0
    for line in trace(problem).split("\n"):
        start = '  File "%s", line ' % name
        if line.startswith(start):
            found = int(line[len(start) :].split(",")[0])
    return found
