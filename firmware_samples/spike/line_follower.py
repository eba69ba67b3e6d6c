# Follow the left edge of a black line with one color sensor, and stop before an obstacle.
# SPIKE Prime, SPIKE App 3: motors A (left) and B (right), color sensor C, distance sensor D.

import color_sensor
import distance_sensor
import motor_pair
import runloop
from hub import port

LEFT, RIGHT, LINE, AHEAD = port.A, port.B, port.C, port.D
EDGE = 50  # reflected light in the middle of the edge, in per cent: measure it on your own mat
GAIN = 0.8  # steering for each per cent; too much and the robot shakes, too little and it leaves the line
STEERING_MAX = 60
SPEED = 250  # degrees a second
OBSTACLE_MM = 80
STEP_MS = 20
PRINT_EVERY = 10


def steer(light):
    wanted = int((light - EDGE) * GAIN)
    return max(-STEERING_MAX, min(STEERING_MAX, wanted))


def is_blocked():
    distance = distance_sensor.distance(AHEAD)  # -1 when nothing is in sight
    return 0 <= distance < OBSTACLE_MM


async def main():
    motor_pair.pair(motor_pair.PAIR_1, LEFT, RIGHT)
    step = 0
    while not is_blocked():
        light = color_sensor.reflection(LINE)
        steering = steer(light)
        motor_pair.move(motor_pair.PAIR_1, steering, velocity=SPEED)
        if step % PRINT_EVERY == 0:
            print(f"light:{light},steering:{steering}")
        step += 1
        await runloop.sleep_ms(STEP_MS)
    motor_pair.stop(motor_pair.PAIR_1)
    print("An obstacle: stopped.")


runloop.run(main())
