"""How a program gets onto a board: to a temporary name, read back, and only then in its place."""

import binascii
import hashlib
import json
from typing import Any

from devices.driver import Host, Remember, Say
from devices.errors import UploadError
from devices.kits.micropython.repl import Repl
from devices.kits.micropython.source import Source
from devices.protocols.raw_repl import END, ENTER, INTERRUPT, SOFT_RESET, Reply, parse_fault
from devices.talk import Heard, Pause, Progress, Talk

NOTE_PROGRAM = "micropython-program"
MAIN = "main.py"
"""What the board itself starts after a reset."""
TEMPORARY = "upload.tmp"
PIECE_BYTES = 256
TIMES = 3
FILE_US = 10_000_000
"""Erasing flash takes its time, and so does reading it back."""
RESTART_US = 8_000_000
"""A `boot.py` may wait for the network."""
BREATH_US = 200_000
FULL = 28
REMOVE_OLD = 'import os; os.remove("old.py")'
"""What a person types who needs room."""

_ASK = """
import os,sys,gc,json
gc.collect()
d={'mpy':getattr(sys.implementation,'_mpy',getattr(sys.implementation,'mpy',0))&255,'names':os.listdir()}
try:
 s=os.statvfs('')
 d['free']=s[0]*s[3]
except (OSError,AttributeError):
 d['free']=-1
print(json.dumps(d))
"""
_OPEN = f"f=open({TEMPORARY!r},'wb')\nw=f.write"
_DIGEST = f"""
f.close()
import binascii
try:
 from hashlib import sha256
 h=sha256()
except ImportError:
 h=None
c=n=0
with open({TEMPORARY!r},'rb') as f:
 while 1:
  b=f.read(256)
  if not b:
   break
  n+=len(b)
  if h:
   h.update(b)
  else:
   c=binascii.crc32(b,c)
print(n,binascii.hexlify(h.digest()).decode() if h else c&0xffffffff)
"""
_REMOVE = f"""
try:
 f.close()
except Exception:
 pass
try:
 import os
 os.remove({TEMPORARY!r})
except OSError:
 pass
"""


def upload(source: Source, heard: Heard, host: Host) -> Talk[None]:
    """Raises UploadError. The program that was there stays until the new one is whole."""
    repl = Repl(heard)
    entered = False
    try:
        yield Progress("stopping")
        yield from repl.enter(host.path)
        entered = True
        yield Progress("syncing")
        yield from _look(source, repl, host)
        yield from _write_patiently(source, repl, host)
        yield Remember(NOTE_PROGRAM, source.name)
        if source.run:
            yield Progress("starting")
            yield from _start(source, repl)
        else:
            yield from repl.quit()
    except UploadError:
        # A program that ends only now finds the way into the raw prompt waiting, and the way back behind it.
        yield from _give_up(repl) if entered else repl.quit()
        raise


def start_line(name: str) -> bytes:
    """What to type at the prompt to run a stored program."""
    if name == MAIN:
        return SOFT_RESET
    module, _, suffix = name.rpartition(".")
    line = f"__import__({module!r})" if suffix == "mpy" else f"exec(open({name!r}).read())"
    return line.encode() + ENTER


def _look(source: Source, repl: Repl, host: Host) -> Talk[None]:
    """Whether the board can take it."""
    told = yield from _ask(repl, host)
    free, version = told.get("free"), told.get("mpy")
    if isinstance(free, int) and 0 <= free < len(source.data):
        raise UploadError("storage_full", typed=REMOVE_OLD)
    if not source.is_compiled:
        return
    if version and version != source.data[1]:
        raise UploadError("firmware_mismatch", found=f"mpy {version}", needed=f"mpy {source.data[1]}")
    if f"{source.module}.py" in told.get("names", ()):
        raise UploadError("name_on_board", name=f"{source.module}.py")  # it would be imported instead


def _ask(repl: Repl, host: Host) -> Talk[dict[str, Any]]:
    for _ in range(TIMES):
        reply = yield from repl.run(_ASK)
        if reply is not None:
            try:
                told = json.loads(reply.output)
            except ValueError:
                told = None
            if isinstance(told, dict):
                return told
        yield from repl.enter(host.path)
    raise UploadError("board_silent", port=host.path)


def _write_patiently(source: Source, repl: Repl, host: Host) -> Talk[None]:
    """A file with a hole is written anew from its start."""
    for _ in range(TIMES):
        if (yield from _write(source, repl)):
            return
        yield from repl.enter(host.path)
    raise UploadError("write_failed", problem="digest")


def _write(source: Source, repl: Repl) -> Talk[bool]:
    """Whether the file is whole and in its place."""
    total = len(source.data)
    yield Progress("writing", 0, total)
    if not _is_well((yield from repl.run(_OPEN, FILE_US))):
        return False
    for at in range(0, total, PIECE_BYTES):
        piece = source.data[at : at + PIECE_BYTES]
        if not _is_well((yield from repl.run(f"w({piece!r})", FILE_US))):
            return False
        yield Progress("writing", at + len(piece), total)
    yield Progress("verifying")
    reply = yield from repl.run(_DIGEST, FILE_US)
    if reply is None or not _is_well(reply) or reply.output.split() not in _digests(source.data):
        return False
    if not source.checked and not source.is_compiled:
        yield from _compile(source, repl)
    return _is_well((yield from repl.run(_place(source.name), FILE_US)))


def _digests(data: bytes) -> list[list[bytes]]:
    size = str(len(data)).encode()
    crc = str(binascii.crc32(data)).encode()
    return [[size, hashlib.sha256(data).hexdigest().encode()], [size, crc]]


def _is_well(reply: Reply | None) -> bool:
    """Raises UploadError("storage_full")."""
    if reply is not None and reply.error and parse_fault(reply.error).errno == FULL:
        raise UploadError("storage_full", typed=REMOVE_OLD)
    return reply is not None and not reply.error


def _compile(source: Source, repl: Repl) -> Talk[None]:
    """Let the board judge what our own compiler did not."""
    code = f"with open({TEMPORARY!r}) as f:\n compile(f.read(),{source.name!r},'exec')"
    reply = yield from repl.run(code, FILE_US)
    fault = parse_fault(reply.error) if reply is not None and reply.error else None
    if fault is not None and fault.kind in ("SyntaxError", "IndentationError"):
        raise UploadError("compile_failed", problem=f"{fault.kind}: {fault.said}", line=fault.line or 1)


def _place(name: str) -> str:
    """Some file systems do not rename over a file that is there."""
    move = f"os.rename({TEMPORARY!r},{name!r})"
    return f"import os\ntry:\n {move}\nexcept OSError:\n os.remove({name!r})\n {move}"


def _start(source: Source, repl: Repl) -> Talk[None]:
    """With nothing left of an earlier program."""
    if source.name != MAIN and not (yield from repl.restart(RESTART_US)):
        yield Say(INTERRUPT)
    yield from repl.quit()
    yield Say(start_line(source.name))


def _give_up(repl: Repl) -> Talk[None]:
    """Whatever was under way is ended, and the board is back at its prompt."""
    yield Say(INTERRUPT)
    yield Pause(BREATH_US)
    yield Say(_REMOVE.encode() + END)
    yield Pause(BREATH_US)
    yield from repl.quit()
