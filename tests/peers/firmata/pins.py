"""pyfirmata2 itself: sets pins of the board at PORT, reads one back, and prints what it saw as JSON."""

import json
import sys
import time

from pyfirmata2 import INPUT, OUTPUT, Arduino

board = Arduino(sys.argv[1])
board.samplingOn(20)
analog: list[float] = []
board.analog[0].register_callback(analog.append)
board.analog[0].enable_reporting()
board.digital[13].mode = OUTPUT
board.digital[13].write(1)
pwm = board.get_pin("d:9:p")
pwm.write(0.5)
button = board.digital[2]
button.mode = INPUT
pressed: list[bool] = []
button.register_callback(pressed.append)
button.enable_reporting()
deadline = time.monotonic() + 10
while (len(analog) < 5 or not any(pressed)) and time.monotonic() < deadline:
    time.sleep(0.01)
told = {"firmata": board.get_firmata_version(), "firmware": board.firmware, "analog": analog[:5]}
print(json.dumps({**told, "button": any(pressed)}))
board.exit()
