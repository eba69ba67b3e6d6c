from world import robot


class Port:
    A, B, C, D, E, F = range(6)


class Button:
    LEFT, RIGHT = 1, 2

    def pressed(self, _button):
        return int(robot.is_pressed())


class MotionSensor:
    def tilt_angles(self):
        return (-905, 12, 3)


port, button, motion_sensor = Port(), Button(), MotionSensor()
