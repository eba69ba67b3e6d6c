// Follow a black line between two line trackers, and stop before an obstacle.
// VEX V5: motors 1 (left), 10 (right, mirrored); line trackers A (left), B (right); distance sensor 5.

#include "main.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace {

constexpr double SPEED_RPM = 60;
constexpr double GAIN = 0.02;  // rpm for each unit of difference; too much and the robot shakes
constexpr double STEERING_MAX_RPM = 50;
constexpr std::int32_t OBSTACLE_MM = 100;
constexpr std::uint32_t STEP_MS = 20;
constexpr int PRINT_EVERY = 10;

}  // namespace

void opcontrol() {
  pros::Motor left_motor(1);
  pros::Motor right_motor(-10);  // it is mounted the other way round
  pros::adi::AnalogIn left_line('a');
  pros::adi::AnalogIn right_line('b');
  pros::Distance ahead(5);

  std::int32_t ahead_mm = ahead.get();
  for (int step = 0; ahead_mm != PROS_ERR && ahead_mm > OBSTACLE_MM; ++step) {
    const std::int32_t left = left_line.get_value();  // 0 to 4095, and the darker the higher
    const std::int32_t right = right_line.get_value();
    const double steering = std::clamp((right - left) * GAIN, -STEERING_MAX_RPM, STEERING_MAX_RPM);
    left_motor.move_velocity(static_cast<std::int32_t>(SPEED_RPM + steering));
    right_motor.move_velocity(static_cast<std::int32_t>(SPEED_RPM - steering));
    if (step % PRINT_EVERY == 0) {
      std::printf("left:%d,right:%d,steering:%.1f\n", static_cast<int>(left), static_cast<int>(right), steering);
    }
    pros::delay(STEP_MS);
    ahead_mm = ahead.get();
  }
  left_motor.move_velocity(0);
  right_motor.move_velocity(0);
  std::puts(ahead_mm == PROS_ERR ? "No distance sensor in port 5." : "An obstacle: stopped.");
}
