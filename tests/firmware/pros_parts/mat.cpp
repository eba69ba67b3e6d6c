// A mat with a wavy line, a wall, and a robot with two wheels; PROS's interface moves it and looks at it.

#include "main.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>

namespace {

constexpr double WALL_MM = 1500;
constexpr double TRACK_MM = 280;
constexpr double WHEEL_MM = 102;
constexpr double TRACKERS_AHEAD_MM = 80;
constexpr double TRACKERS_APART_MM = 40;
constexpr int RPM_MAX = 200;
constexpr int DARKEST = 3900;
constexpr int BRIGHTEST = 200;
constexpr int PRESSED_AFTER = 20;
constexpr int LEFT = 1;
constexpr int RIGHT = 10;

struct Robot {
  double x = 0;
  double y = -12;
  double heading = 0;
  double left_rpm = 0;
  double right_rpm = 0;
  double turned = 0;
  int looks = 0;
};

Robot robot;

double line_at(double x) { return 40 * std::sin(x / 300); }

void advance_a_millisecond() {
  const double each_rpm = M_PI * WHEEL_MM / 60 / 1000;
  const double left = robot.left_rpm * each_rpm;
  const double right = robot.right_rpm * each_rpm;
  robot.heading += (right - left) / TRACK_MM;
  robot.x += (left + right) / 2 * std::cos(robot.heading);
  robot.y += (left + right) / 2 * std::sin(robot.heading);
  robot.turned += robot.left_rpm * 360 / 60 / 1000;
}

}  // namespace

namespace pros {

Motor::Motor(std::int8_t at, MotorGears, MotorUnits) : port(at) { assert(at == LEFT || at == -RIGHT); }

std::int32_t Motor::move_velocity(std::int32_t velocity) const {
  assert(std::abs(velocity) <= RPM_MAX);
  (port == LEFT ? robot.left_rpm : robot.right_rpm) = velocity;
  return 1;
}

double Motor::get_position(std::uint8_t) const {
  assert(port == LEFT);
  return robot.turned;
}

Distance::Distance(std::uint8_t at) : port(at) {}

std::int32_t Distance::get() {
  // BLIND=1: nothing is plugged in.
  return port == 5 && std::getenv("BLIND") == nullptr ? static_cast<std::int32_t>(WALL_MM - robot.x) : PROS_ERR;
}

namespace adi {

AnalogIn::AnalogIn(std::uint8_t at) : port(at) { assert(at == 'a' || at == 'b'); }

std::int32_t AnalogIn::get_value() const {
  const double aside = (port == 'a' ? 1 : -1) * TRACKERS_APART_MM / 2;
  const double x = robot.x + TRACKERS_AHEAD_MM * std::cos(robot.heading) - aside * std::sin(robot.heading);
  const double y = robot.y + TRACKERS_AHEAD_MM * std::sin(robot.heading) + aside * std::cos(robot.heading);
  const int value = DARKEST - static_cast<int>(160 * std::abs(y - line_at(x)));
  return std::clamp(value, BRIGHTEST, DARKEST);
}

DigitalIn::DigitalIn(std::uint8_t at) : port(at) { assert(at == 'c'); }

std::int32_t DigitalIn::get_value() const { return port == 'c' && ++robot.looks > PRESSED_AFTER; }

}  // namespace adi

double battery::get_capacity() { return 77; }

void delay(std::uint32_t milliseconds) {
  for (std::uint32_t each = 0; each < milliseconds; ++each) {
    advance_a_millisecond();
  }
}

}  // namespace pros

int main() { opcontrol(); }
