# Follow a black line between two line trackers, and stop before an obstacle.
# VEX V5 or EXP: motors 1 (left), 10 (right, mirrored); line trackers A (left), B (right); distance sensor 5.

from vex import FORWARD, MM, MSEC, PERCENT, REVERSE, Brain, Distance, Line, Motor, Ports, wait

brain = Brain()
left_motor, right_motor = Motor(Ports.PORT1), Motor(Ports.PORT10)
left_line, right_line = Line(brain.three_wire_port.a), Line(brain.three_wire_port.b)
ahead = Distance(Ports.PORT5)

SPEED = 30  # per cent
GAIN = 0.4  # steering for each per cent of difference; too much and the robot shakes
STEERING_MAX = 25
OBSTACLE_MM = 100
STEP_MS = 20
PRINT_EVERY = 10


def limit(value, most):
    return max(-most, min(most, value))


def drive(steering):
    left_motor.spin(FORWARD, SPEED + steering, PERCENT)
    right_motor.spin(REVERSE, SPEED - steering, PERCENT)  # it is mounted the other way round


def main():
    step = 0
    while ahead.object_distance(MM) > OBSTACLE_MM:
        left, right = left_line.reflectivity(PERCENT), right_line.reflectivity(PERCENT)
        steering = limit((left - right) * GAIN, STEERING_MAX)  # the darker side is where the line is
        drive(steering)
        if step % PRINT_EVERY == 0:
            print(f"left:{left},right:{right},steering:{steering:.1f}")
        step += 1
        wait(STEP_MS, MSEC)
    left_motor.stop()
    right_motor.stop()
    print("An obstacle: stopped.")


main()
