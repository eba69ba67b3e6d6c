"""Stand-ins for hubs: what shows, shines or sounds does nothing; what measures tells of the stage."""

import stage


class _Silent:
    """Takes any call."""

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


class _Battery:
    def voltage(self):
        return 7900

    def current(self):
        return 120


class _Buttons:
    def pressed(self):
        return set()


class _Imu:
    def __init__(self):
        self._zero = 0.0

    def ready(self):
        return True

    def stationary(self):
        return True

    def heading(self, heading_type=None):
        return stage.heading() - self._zero

    def reset_heading(self, angle):
        self._zero = stage.heading() - angle

    def tilt(self, calibrated=True):
        return (0, 0)


class _System:
    def name(self):
        return "Virtual hub"

    def set_stop_button(self, button):
        pass

    def shutdown(self):
        raise SystemExit


class PrimeHub:
    """Any hub of the family."""

    def __init__(self, *args, **kwargs):
        self.battery = _Battery()
        self.buttons = _Buttons()
        self.imu = _Imu()
        self.system = _System()
        self.light = self.display = self.speaker = self.charger = self.ble = _Silent()


InventorHub = EssentialHub = TechnicHub = CityHub = MoveHub = ThisHub = PrimeHub
