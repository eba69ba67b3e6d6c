"""Run with pros-cli's own packages: what its library reads of the programs on the brain at a port."""

import json
import sys

from pros.serial.devices.vex import V5Device
from pros.serial.ports import DirectPort

if __name__ == "__main__":
    sys.stdout.write(json.dumps(V5Device(DirectPort(sys.argv[1])).used_slots()))
