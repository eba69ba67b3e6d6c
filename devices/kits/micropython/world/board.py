"""The program of the emulated board, for MicroPython's Unix port: a flash of its own, `boot.py`, `main.py`.

Arguments: the terminal, the file that is the flash, its blocks, `raw` where `main.py` is not to be started.
"""

import os
import sys

import vfs

BLOCK = 512
RESET_STATUS = 86


class Flash:
    """A block device in a file."""

    def __init__(self, path, blocks):
        self.file = open(path, "r+b")  # noqa: SIM115
        self.blocks = blocks

    def readblocks(self, number, buffer, offset=0):
        self.file.seek(number * BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, number, buffer, offset=0):
        self.file.seek(number * BLOCK + offset)
        self.file.write(buffer)

    def ioctl(self, operation, argument):
        if operation == 3:
            self.file.flush()
        return {4: self.blocks, 5: BLOCK}.get(operation, 0)


class Machine:
    """What the Unix port has no `machine` for."""

    def reset(self):
        raise SystemExit(RESET_STATUS)


def mount(path, blocks):
    flash = Flash(path, blocks)
    try:
        system = vfs.VfsLfs2(flash)
    except OSError:
        vfs.VfsLfs2.mkfs(flash)
        system = vfs.VfsLfs2(flash)
    vfs.umount("/")
    vfs.mount(system, "/")
    os.chdir("/")


def load(name):
    try:
        with open(name) as file:
            return file.read()
    except OSError:
        return ""


open(sys.argv[1]).close()  # the first terminal that is opened is the one whose Ctrl-C interrupts
mount(sys.argv[2], int(sys.argv[3]))
sys.modules["machine"] = Machine()
sys.path[:] = ["", ".frozen", "/lib"]
for name in ("boot.py",) if sys.argv[4:] else ("boot.py", "main.py"):
    try:
        exec(compile(load(name), name, "exec"))  # noqa: S102
    except SystemExit:
        raise
    except BaseException as problem:  # noqa: BLE001
        sys.print_exception(problem)
for name in ("Flash", "Machine", "mount", "load", "vfs", "os", "sys", "problem", "name"):
    globals().pop(name, None)
