// Print what the sensors measure ten times a second: the lab plots it and keeps it. A bumper ends it.
// VEX V5: motor 1, line tracker A, bumper C, distance sensor 5.

#include "main.h"

#include <cstdint>
#include <cstdio>

namespace {

constexpr std::uint32_t EVERY_MS = 100;
constexpr int LINES_MAX = 600;

}  // namespace

void opcontrol() {
  pros::Motor wheel(1, pros::MotorGears::green, pros::MotorUnits::degrees);
  pros::adi::AnalogIn line('a');
  pros::adi::DigitalIn bumper('c');
  pros::Distance ahead(5);

  for (int count = 0; count < LINES_MAX && bumper.get_value() != 1; ++count) {
    std::printf("line:%d", static_cast<int>(line.get_value()));
    if (const std::int32_t ahead_mm = ahead.get(); ahead_mm != PROS_ERR) {
      std::printf(",distance:%d", static_cast<int>(ahead_mm));
    }
    std::printf(",wheel:%.1f,battery:%.0f\n", wheel.get_position(), pros::battery::get_capacity());
    pros::delay(EVERY_MS);
  }
  std::puts("The log has ended.");
}
