// Wakes loop() at a time: Timer1's two compare units, one for each lane's window.
#pragma once

#include <Arduino.h>

namespace alarm {

const uint8_t INTERRUPTS = _BV(OCIE1A) | _BV(OCIE1B);

static inline void set(uint8_t lane, uint16_t count) {
  cli();  // the register's high byte passes through a latch that lane 2's handler uses too
  if (lane) {
    OCR1B = count;
  } else {
    OCR1A = count;
  }
  sei();
}

static inline void forget() { GPIOR0 = 0; }
static inline bool has_rung() { return GPIOR0; }

}  // namespace alarm

ISR(TIMER1_COMPA_vect, ISR_NAKED) {
  asm volatile("sbi %0, 0 \n\t reti \n\t" ::"I"(_SFR_IO_ADDR(GPIOR0)));
}

ISR(TIMER1_COMPB_vect, ISR_NAKED) {
  asm volatile("sbi %0, 0 \n\t reti \n\t" ::"I"(_SFR_IO_ADDR(GPIOR0)));
}
