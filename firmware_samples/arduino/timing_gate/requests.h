// Requests of the host: a sentence whose word ends with '?'. Bytes outside sentences are ignored.
#pragma once

#include <Arduino.h>

#include "debounce.h"
#include "identity.h"
#include "passages.h"
#include "sentences.h"

namespace requests {

const uint8_t MOST_FIELDS = 4;
const uint8_t TOKEN_DIGITS = 8;
const uint8_t TRAILER = 3;

static char line[sentences::LONGEST];
static uint8_t length = 0;
static bool in_sentence = false;
static bool armed = false;

static char *fields[MOST_FIELDS];
static uint8_t field_count;

static int8_t hex_value(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  digit |= 0x20;
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool is_sum_right() {
  if (length < TRAILER || line[length - TRAILER] != '*') {
    return false;
  }
  uint8_t sum = 0;
  for (uint8_t at = 0; at < length - TRAILER; at++) {
    sum ^= line[at];
  }
  const int8_t high = hex_value(line[length - 2]);
  const int8_t low = hex_value(line[length - 1]);
  return high >= 0 && low >= 0 && (high << 4 | low) == sum;
}

static bool split() {
  line[length - TRAILER] = 0;
  fields[0] = line;
  field_count = 1;
  for (char *at = line; *at; at++) {
    if (*at != ',') {
      continue;
    }
    if (field_count == MOST_FIELDS) {
      return false;
    }
    *at = 0;
    fields[field_count++] = at + 1;
  }
  return true;
}

static bool is_token(const char *text) {
  uint8_t size = 0;
  for (; text[size]; size++) {
    if (!isalnum(text[size])) {
      return false;
    }
  }
  return size >= 1 && size <= TOKEN_DIGITS;
}

static bool parse_number(const char *text, uint32_t &value) {
  value = 0;
  uint8_t size = 0;
  for (; text[size]; size++) {
    const uint8_t digit = text[size] - '0';
    if (digit > 9 || value > 429496729UL || (value == 429496729UL && digit > 5)) {
      return false;
    }
    value = value * 10 + digit;
  }
  return size > 0;
}

static bool parse_hex(const char *text, uint8_t digits, uint32_t &value) {
  value = 0;
  for (uint8_t at = 0; at < digits; at++) {
    const int8_t digit = hex_value(text[at]);
    if (digit < 0 || (text[at] >= 'A' && text[at] <= 'F')) {
      return false;
    }
    value = value << 4 | digit;
  }
  return text[digits] == 0;
}

static void put_field(const char *text) {
  sentences::put(',');
  for (; *text; text++) {
    sentences::put(*text);
  }
}

static bool answer_sync() {
  const uint64_t us = gate_clock::us(gate_clock::now());
  if (field_count != 2 || !is_token(fields[1])) {
    return false;
  }
  sentences::start(PSTR("SYNC"));
  put_field(fields[1]);
  sentences::put_us(us);
  sentences::end();
  return true;
}

static bool answer_arm() {
  const bool is_flag = field_count == 3 && (fields[1][0] == '0' || fields[1][0] == '1') && !fields[1][1];
  if (!is_flag || !is_token(fields[2])) {
    return false;
  }
  armed = fields[1][0] == '1';
  sentences::start(PSTR("ARM"));
  put_field(fields[1]);
  put_field(fields[2]);
  sentences::put_boot();
  sentences::put_number(passages::last_seq);
  sentences::put_us(gate_clock::us(gate_clock::now()));
  sentences::end();
  return true;
}

static bool answer_status() {
  if (field_count != 1) {
    return false;
  }
  sentences::start(PSTR("STATUS"));
  sentences::put_boot();
  sentences::put_number(passages::last_seq);
  sentences::put_number(armed);
  sentences::put_number((beams::is_clear(0) ? 0 : 1) | (beams::is_clear(1) ? 0 : 2));
  sentences::put_number(passages::unacknowledged());
  sentences::put_number(passages::lost);
  sentences::put_number(debounce::bounces);
  sentences::put_us(gate_clock::us(gate_clock::now()));
  sentences::end();
  return true;
}

static bool answer_ack() {
  uint32_t boot, seq;
  const bool is_formed =
      field_count == 3 && parse_hex(fields[1], 4, boot) && parse_number(fields[2], seq);
  if (!is_formed || boot != identity::boot || !passages::acknowledge(seq)) {
    return false;
  }
  sentences::start(PSTR("ACK"));
  sentences::put_boot();
  sentences::put_number(seq);
  sentences::end();
  return true;
}

static bool answer_resend() {
  uint32_t from;
  if (field_count != 2 || !parse_number(fields[1], from)) {
    return false;
  }
  passages::resend(from);
  return true;
}

static bool answer_name() {
  uint32_t id;
  if (field_count != 2 || !parse_hex(fields[1], identity::ID_DIGITS, id)) {
    return false;
  }
  const uint8_t bytes[identity::ID_BYTES] = {(uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
  identity::save_id(bytes);
  sentences::hello();
  return true;
}

static bool answer_hello() {
  if (field_count != 1) {
    return false;
  }
  sentences::hello();
  return true;
}

static bool is_word(const char *program_word) {
  return strcmp_P(fields[0], program_word) == 0;
}

static void obey() {
  if (!is_sum_right()) {
    sentences::error(PSTR("checksum"));
    return;
  }
  bool is_right = split();
  if (is_word(PSTR("SYNC?"))) {
    is_right = is_right && answer_sync();
  } else if (is_word(PSTR("ACK?"))) {
    is_right = is_right && answer_ack();
  } else if (is_word(PSTR("ARM?"))) {
    is_right = is_right && answer_arm();
  } else if (is_word(PSTR("STATUS?"))) {
    is_right = is_right && answer_status();
  } else if (is_word(PSTR("RESEND?"))) {
    is_right = is_right && answer_resend();
  } else if (is_word(PSTR("HELLO?"))) {
    is_right = is_right && answer_hello();
  } else if (is_word(PSTR("NAME?"))) {
    is_right = is_right && answer_name();
  } else {
    sentences::error(PSTR("unknown"));
    return;
  }
  if (!is_right) {
    sentences::error(PSTR("args"));
  }
}

// True if the byte ended a sentence, good or bad.
static bool take(char byte) {
  if (byte == '$') {
    in_sentence = true;
    length = 0;
  } else if (!in_sentence) {
    return false;
  } else if (byte == '\r' || byte == '\n') {
    in_sentence = false;
    obey();
  } else if (length == sentences::LONGEST - 3) {  // '$', '\r' and '\n' are not kept
    in_sentence = false;
    sentences::error(PSTR("long"));
  } else {
    line[length++] = byte;
  }
  return !in_sentence;
}

// Answers one request at most.
static void answer_next() {
  uint8_t byte;
  while (serial_line::room() >= sentences::LONGEST && serial_line::take(byte)) {
    if (take(byte)) {
      return;
    }
  }
}

}  // namespace requests
