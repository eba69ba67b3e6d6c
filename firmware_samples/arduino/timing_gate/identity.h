// Who the board is (6 hex digits) and which boot this is (4), kept in EEPROM.
#pragma once

#include <Arduino.h>
#include <avr/boot.h>
#include <avr/eeprom.h>

namespace identity {

const uint8_t ID_DIGITS = 6;
const uint8_t ID_BYTES = 3;
const uint8_t SEAL = 0xa5;

uint8_t *const BOOT_LOW = (uint8_t *)0;
uint8_t *const BOOT_HIGH = (uint8_t *)1;
uint8_t *const ID = (uint8_t *)2;
uint8_t *const ID_SEAL = (uint8_t *)5;

static uint8_t id[ID_BYTES];
static uint16_t boot;

static uint8_t seal_of(const uint8_t *bytes) {
  return SEAL ^ bytes[0] ^ bytes[1] ^ bytes[2];
}

static void save_id(const uint8_t *bytes) {
  memcpy(id, bytes, ID_BYTES);
  eeprom_update_byte(ID_SEAL, (uint8_t)~seal_of(bytes));
  eeprom_update_block(bytes, ID, ID_BYTES);
  eeprom_update_byte(ID_SEAL, seal_of(bytes));
}

static uint16_t noise() {
  ADCSRA |= _BV(ADSC);
  for (uint16_t tries = 5000; tries && (ADCSRA & _BV(ADSC)); tries--) {
  }
  return ADC;
}

// A new board names itself after its wafer's marks and the noise of its open analog pins.
static void make_id() {
  uint32_t hash = 2166136261UL;
  for (uint8_t at = 0x0e; at <= 0x17; at++) {
    hash = (hash ^ boot_signature_byte_get(at)) * 16777619UL;
  }
  for (uint8_t sample = 0; sample < 96; sample++) {
    ADMUX = _BV(REFS0) | sample % 6;
    hash = (hash ^ (uint8_t)noise()) * 16777619UL;
  }
  hash ^= hash >> 24;
  const uint8_t bytes[ID_BYTES] = {(uint8_t)(hash >> 16), (uint8_t)(hash >> 8), (uint8_t)hash};
  save_id(bytes);
}

// The high byte is written first: whenever the power goes, no boot id comes twice.
static void count_boot() {
  boot = ((uint16_t)eeprom_read_byte(BOOT_HIGH) << 8 | eeprom_read_byte(BOOT_LOW)) + 1;
  eeprom_update_byte(BOOT_HIGH, boot >> 8);
  eeprom_update_byte(BOOT_LOW, (uint8_t)boot);
}

static void begin() {
  count_boot();
  eeprom_read_block(id, ID, ID_BYTES);
  if (eeprom_read_byte(ID_SEAL) != seal_of(id)) {
    make_id();
  }
}

}  // namespace identity
