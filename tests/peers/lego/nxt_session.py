"""Run with nxt-python: look at the brick behind a device file, put a program onto it, run it, write to it."""

import json
import sys

import nxt.locator
import nxt.motor
import nxt.sensor

device, name, data = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3])
with nxt.locator.find(backends=["devfile"], filename=device) as brick:
    info = brick.get_device_info()
    with brick.open_file(name, "wb", len(data)) as file:
        file.write(data)
    with brick.open_file(name, "rb") as file:
        read = file.read()
    brick.set_input_mode(nxt.sensor.Port.S4, nxt.sensor.Type.LIGHT_ACTIVE, nxt.sensor.Mode.PERCENT)
    values = brick.get_input_values(nxt.sensor.Port.S4)
    brick.start_program(name)
    told = {
        "name": info[0],
        "address": info[1],
        "firmware": brick.get_firmware_version()[1],
        "battery": brick.get_battery_level(),
        "files": list(brick.find_files("*.rxe")),
        "read": read.hex(),
        "sensor": [values[3].name, values[4].name],
        "angle": brick.get_output_state(nxt.motor.Port.A)[9],
        "running": brick.get_current_program_name(),
        "message": brick.message_read(10, 0, True)[1].decode(),
    }
    brick.message_write(0, b"go")
    brick.stop_program()
    brick.file_delete(name)
print(json.dumps(told))
