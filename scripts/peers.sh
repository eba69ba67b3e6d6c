#!/bin/sh
# Tools that the tests run as programs of their own, each in an environment apart from ours: `peers.sh [TOOL...]`.
set -eu
home=.venv-peers
mkdir -p $home
exec 9> $home/.lock
! command -v flock >/dev/null || flock 9

# peer NAME REQUIREMENT...: nothing to do if exactly these are there.
peer() {
  name=$1; shift
  [ ! -x "$home/$name/bin/python" ] || [ "$(cat "$home/$name/.ready" 2>/dev/null)" != "$*" ] || return 0
  rm -rf "${home:?}/$name"
  if "${PYTHON:-python3}" -m venv "$home/$name" &&
    "$home/$name/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; then
    echo "$*" > "$home/$name/.ready"
  else
    rm -rf "${home:?}/$name"
    echo "the tests that need $* will be skipped, loudly" >&2
  fi
}

pybricks() { peer pybricks pybricks-cli==1.0.0b1 pybricks-service==1.0.0b2 pybricks-client==1.0.0b1 pybricks-core==1.0.0b1; }
nxt_python() { peer nxt_python nxt-python==3.5.1 pyusb==1.3.1; }
ev3_dc() { peer ev3_dc ev3-dc==0.9.10.2 pyusb==1.3.1 thread-task==0.9.7 gtts==2.5.4; }
pyfirmata2() { peer pyfirmata2 pyfirmata2==2.5.1 pyserial==3.5; }
pros_cli() { peer pros_cli pros-cli==3.5.6; }
mpremote() { peer mpremote mpremote==1.29.0 pyserial==3.5; }
bumble() { peer bumble bumble==0.0.236; }
atheris() { peer atheris atheris==3.0.0; }

for tool in ${*:-pyfirmata2 pybricks ev3_dc nxt_python mpremote bumble pros_cli atheris}; do "$tool"; done
