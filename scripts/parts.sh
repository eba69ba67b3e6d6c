#!/bin/sh
# Debian's real parts for the tests: a simulated microcontroller, tool chains, a broker, a browser.
set -eu
. "$(dirname "$0")/apt.sh"
wanted=""
need() { command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] || wanted="$wanted $2"; }
need gcc gcc
need g++ g++
need pkg-config pkg-config
need avr-gcc gcc-avr
need avr-objcopy binutils-avr
need /usr/lib/avr/include/avr/io.h avr-libc
need /usr/share/arduino/hardware/arduino/avr/boards.txt arduino-core-avr
need arduino-builder arduino-builder
need avrdude avrdude
need /usr/include/simavr/sim_avr.h libsimavr-dev
need /usr/include/libelf.h libelf-dev
need /usr/sbin/mosquitto mosquitto
need mosquitto_pub mosquitto-clients
need nbc nbc
need chromium chromium
[ -z "$wanted" ] || apt_install $wanted || echo "the tests that need$wanted will be skipped, loudly" >&2
sh "$(dirname "$0")/peers.sh"
