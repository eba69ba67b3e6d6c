"""Run with ev3_dc: look at the brick in the Wi-Fi, put a file onto it, take it back, delete it."""

import json
import sys

import ev3_dc

path, data = sys.argv[1], bytes.fromhex(sys.argv[2])
brick = ev3_dc.FileSystem(protocol=ev3_dc.WIFI)
folder, _, name = path.rpartition("/")
brick.create_dir(folder)
brick.write_file(path, data, check=False)
listed = brick.list_dir(folder)
told = {
    "battery": [round(brick.battery.voltage, 2), brick.battery.percentage],
    "name": brick.name,
    "firmware": brick.system.fw_version,
    "sensors": list(brick.sensors),
    "free": brick.memory.free,
    "touched": ev3_dc.Touch(ev3_dc.PORT_1, ev3_obj=brick).touched,
    "distance": ev3_dc.Ultrasonic(ev3_dc.PORT_3, ev3_obj=brick).distance,
    "listed": listed,
    "read": brick.read_file(path).hex(),
}
brick.del_file(path)
told["left"] = brick.list_dir(folder)
print(json.dumps(told))
