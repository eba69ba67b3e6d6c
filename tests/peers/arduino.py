"""Debian's Arduino tool chain: sketches to HEX files, and optiboot as it should have been built."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.peers.parts import missing, require_program

HARDWARE = Path("/usr/share/arduino/hardware")
BUILDER_FOLDERS = (
    *("-hardware", str(HARDWARE), "-hardware", "/usr/share/arduino-builder"),
    *("-tools", "/usr/bin"),
)
OPTIBOOT = HARDWARE / "arduino/avr/bootloaders/optiboot/optiboot.c"

OLD_BOOT_LOADER = HARDWARE / "arduino/avr/bootloaders/atmega/ATmegaBOOT_168_atmega328.hex"

OPTIBOOT_FLAGS = (
    *("-w", "-Os", "-fno-inline-small-functions", "-fno-split-wide-types", "-mshort-calls"),
    *("-mmcu=atmega328p", "-DF_CPU=16000000L"),
    *("-Wl,--section-start=.version=0x7ffe", "-Wl,--relax"),
    *("-nostartfiles", "-nostdlib"),
)
OPTIBOOT_SECTIONS = (
    *("-j", ".text", "-j", ".data", "-j", ".version", "--set-section-flags", ".version=alloc,load"),
    *("--set-start=0", "-O", "ihex"),
)

# avr-gcc 5.4 does not know DECIMAL_DIG in C++11, which Debian's WString.cpp needs
CORE_FLAGS = "-DDECIMAL_DIG=__DECIMAL_DIG__"

BOARDS = {
    "uno": "arduino:avr:uno",
    "nano": "arduino:avr:nano:cpu=atmega328",
    "mega": "arduino:avr:mega:cpu=atmega2560",
    "leonardo": "arduino:avr:leonardo",
}


@dataclass(frozen=True)
class Sketch:
    """A compiled sketch: its HEX and ELF, what it takes of the chip, and the compiler's words about it."""

    hex: Path
    elf: Path
    flash_bytes: int
    ram_bytes: int
    warnings: tuple[str, ...]


def compile_sketch(sketch: Path, build: Path, board: str = "uno") -> Sketch:
    """Compile `sketch` (an .ino) for `board`; the warnings kept are those of the sketch itself."""
    builder = require_program("arduino-builder", "arduino-builder")
    require_program("avr-gcc", "gcc-avr")
    if not (HARDWARE / "arduino/avr/boards.txt").exists():
        missing("Arduino core for AVR", "apt-get install arduino-core-avr")
    build.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            *(builder, "-compile", *BUILDER_FOLDERS, "-fqbn", BOARDS[board], "-warnings", "all"),
            *("-prefs", f"compiler.cpp.extra_flags={CORE_FLAGS}", "-build-path", build, sketch),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{sketch.name} does not compile for {board}:\n{done.stdout}{done.stderr}")
    flash = re.search(r"Sketch uses (\d+) bytes", done.stdout)
    ram = re.search(r"Global variables use (\d+) bytes", done.stdout)
    if not flash or not ram:
        raise RuntimeError(f"arduino-builder said nothing of sizes:\n{done.stdout}")
    return Sketch(
        hex=build / f"{sketch.name}.hex",
        elf=build / f"{sketch.name}.elf",
        flash_bytes=int(flash[1]),
        ram_bytes=int(ram[1]),
        warnings=tuple(
            line for line in done.stderr.splitlines() if "warning:" in line and str(HARDWARE) not in line
        ),
    )


def require_old_boot_loader() -> Path:
    """HEX of the boot loader that Nanos had before optiboot: 2 KiB, 57600 baud."""
    return (
        OLD_BOOT_LOADER
        if OLD_BOOT_LOADER.exists()
        else missing("the old Nano's boot loader", "apt-get install arduino-core-avr")
    )


def build_optiboot(build: Path, baud: int = 115200, *, blinks: int = 0) -> Path:
    """HEX of optiboot; Debian's own file blinks three times at the start and is longer than its boot section,
    so that one that blinks is linked lower here.
    """
    gcc = require_program("avr-gcc", "gcc-avr")
    objcopy = require_program("avr-objcopy", "binutils-avr")
    if not OPTIBOOT.exists():
        missing("optiboot's source", "apt-get install arduino-core-avr")
    build.mkdir(parents=True, exist_ok=True)
    elf, hex_file = build / f"optiboot-{baud}-{blinks}.elf", build / f"optiboot-{baud}-{blinks}.hex"
    if hex_file.exists():
        return hex_file
    start = f"-Wl,--section-start=.text={0x7C00 if blinks else 0x7E00:#x}"
    wanted = (start, f"-DBAUD_RATE={baud}", f"-DLED_START_FLASHES={blinks}")
    subprocess.run([gcc, *OPTIBOOT_FLAGS, *wanted, "-o", elf, OPTIBOOT], check=True)
    subprocess.run([objcopy, *OPTIBOOT_SECTIONS, elf, hex_file], check=True)
    return hex_file
