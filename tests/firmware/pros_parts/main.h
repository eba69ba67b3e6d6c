// PROS 4's interface for C++ as far as the samples use it, written from its public documentation.
// https://pros.cs.purdue.edu/v5/api/cpp/index.html

#pragma once

#include <cstdint>

#define PROS_ERR INT32_MAX

extern "C" void opcontrol(void);

namespace pros {

enum class MotorGears { red, green, blue, invalid = INT32_MAX };
enum class MotorUnits { degrees, rotations, counts, invalid = INT32_MAX };

class Motor {
 public:
  // A negative port: the motor turns the other way round.
  explicit Motor(std::int8_t port, MotorGears gears = MotorGears::invalid,
                 MotorUnits units = MotorUnits::invalid);
  std::int32_t move_velocity(std::int32_t velocity) const;
  double get_position(std::uint8_t index = 0) const;

 private:
  std::int8_t port;
};

class Distance {
 public:
  explicit Distance(std::uint8_t port);
  std::int32_t get();

 private:
  std::uint8_t port;
};

namespace adi {

class AnalogIn {
 public:
  explicit AnalogIn(std::uint8_t adi_port);
  std::int32_t get_value() const;

 private:
  std::uint8_t port;
};

class DigitalIn {
 public:
  explicit DigitalIn(std::uint8_t adi_port);
  std::int32_t get_value() const;

 private:
  std::uint8_t port;
};

}  // namespace adi

namespace battery {

double get_capacity(void);

}

void delay(std::uint32_t milliseconds);

}  // namespace pros
