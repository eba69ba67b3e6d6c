// Sentences to the host: $<body>*<XOR of the body in two hex digits>\r\n
#pragma once

#include <Arduino.h>
#include <avr/pgmspace.h>

#include "identity.h"
#include "serial_line.h"

namespace sentences {

const char KIND_AND_VERSION[] PROGMEM = "gate,1.0";
const uint8_t LONGEST = 96;

static uint8_t checksum;

static void put(char byte) {
  checksum ^= byte;
  serial_line::put(byte);
}

static void put_text(const char *program_text) {
  for (char byte; (byte = pgm_read_byte(program_text)); program_text++) {
    put(byte);
  }
}

static char hex_digit(uint8_t value, char ten) {
  return value < 10 ? '0' + value : ten + value - 10;
}

static void put_hex(uint8_t byte) {
  put(hex_digit(byte >> 4, 'a'));
  put(hex_digit(byte & 15, 'a'));
}

static const uint32_t POWERS[] PROGMEM = {1000000000UL, 100000000UL, 10000000UL, 1000000UL, 100000UL,
                                          10000UL,      1000UL,      100UL,      10UL,      1UL};

// Subtraction instead of division: the AVR has no divider.
static void put_digits(uint32_t value, bool padded_to_nine) {
  bool started = padded_to_nine;
  for (uint8_t power = padded_to_nine ? 1 : 0; power < 10; power++) {
    const uint32_t unit = pgm_read_dword(&POWERS[power]);
    char digit = '0';
    for (; value >= unit; value -= unit) {
      digit++;
    }
    started = started || digit != '0' || power == 9;
    if (started) {
      put(digit);
    }
  }
}

static void put_number(uint32_t value) {
  put(',');
  put_digits(value, false);
}

static void put_us(uint64_t us) {
  put(',');
  if (us >> 32) {
    put_digits(us / 1000000000UL, false);
    put_digits(us % 1000000000UL, true);
  } else {
    put_digits(us, false);
  }
}

static void put_boot() {
  put(',');
  put_hex(identity::boot >> 8);
  put_hex(identity::boot & 255);
}

static void start(const char *program_word) {
  serial_line::put('$');
  checksum = 0;
  put_text(program_word);
}

static void end() {
  const uint8_t sum = checksum;
  serial_line::put('*');
  serial_line::put(hex_digit(sum >> 4, 'A'));
  serial_line::put(hex_digit(sum & 15, 'A'));
  serial_line::put('\r');
  serial_line::put('\n');
}

static void hello() {
  start(PSTR("HELLO,"));
  put_text(KIND_AND_VERSION);
  put(',');
  for (uint8_t at = 0; at < identity::ID_BYTES; at++) {
    put_hex(identity::id[at]);
  }
  end();
}

// A GATE or EDGE sentence. `lane` is 0 or 1 here, 1 or 2 on the wire.
static void edge(const char *program_word, uint32_t number, uint8_t lane, bool is_clear, uint64_t us) {
  start(program_word);
  put_number(number);
  put_boot();
  put(',');
  put('1' + lane);
  put(',');
  put(is_clear ? 'C' : 'B');
  put_us(us);
  end();
}

static void error(const char *program_code) {
  start(PSTR("ERR,"));
  put_text(program_code);
  end();
}

}  // namespace sentences
