// Timing gate for Arduino Uno and Nano: two light beams, stamped in hardware. Wiring and meaning: README.md

#include <avr/sleep.h>

#include "gate_clock.h"
#include "alarm.h"
#include "beams.h"
#include "identity.h"
#include "serial_line.h"
#include "sentences.h"
#include "passages.h"
#include "debounce.h"
#include "requests.h"

void setup() {
  TIMSK0 = 0;  // millis() would delay lane 2 by up to 6 us
  TCCR0B = TCCR2B = 0;
  identity::begin();
  serial_line::begin();
  gate_clock::begin();
  beams::begin();
  debounce::begin();
  sentences::hello();
}

void loop() {
  alarm::forget();
  serial_line::pump();
  debounce::poll();

  // in turns, so that neither a long resend nor a talkative host holds up the other
  static bool is_passages_turn = false;
  is_passages_turn = !is_passages_turn;
  if (is_passages_turn) {
    passages::send_next();
    requests::answer_next();
  } else {
    requests::answer_next();
    passages::send_next();
  }

  if (!passages::is_all_sent() || !serial_line::is_all_sent()) {
    return;
  }
  cli();
  if (beams::is_quiet() && serial_line::is_quiet() && !alarm::has_rung()) {
    // sei takes effect after one more instruction, so no interrupt slips in before the sleep
    sleep_enable();
    sei();
    sleep_cpu();
    sleep_disable();
  }
  sei();
}
