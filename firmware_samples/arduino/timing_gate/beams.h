// Raw edges of the two beams. Lane 1 on D8 is stamped by Timer1's input capture, lane 2 on D2 by INT0.
// A beam is HIGH when clear (pull-up) and LOW when broken.
#pragma once

#include <Arduino.h>

#include "gate_clock.h"

namespace beams {

const uint8_t LANES = 2;
const uint8_t QUEUE = 16;

// Instructions from INT0's pin change to its reading of Timer1, uncontended: 28 cycles on the ATmega328P.
const uint8_t INT0_LATENCY_TICKS = 3;

struct RawEdge {
  uint16_t count;
  uint16_t overflows;
  uint8_t is_clear;
};

// Written by one interrupt handler, read by loop(): each index has a single writer.
struct Queue {
  RawEdge edges[QUEUE];
  volatile uint8_t head;
  volatile uint8_t tail;
  volatile uint8_t dropped;
};

static Queue queues[LANES];

static inline __attribute__((always_inline)) void push(Queue &queue, uint16_t count, uint16_t overflows, uint8_t is_clear) {
  const uint8_t head = queue.head;
  const uint8_t next = (head + 1) % QUEUE;
  if (next == queue.tail) {
    queue.dropped++;
    return;
  }
  queue.edges[head].count = count;
  queue.edges[head].overflows = overflows;
  queue.edges[head].is_clear = is_clear;
  queue.head = next;
}

static inline __attribute__((always_inline)) bool is_clear_1() { return PINB & _BV(PB0); }
static inline __attribute__((always_inline)) bool is_clear_2() { return PIND & _BV(PD2); }
static inline bool is_clear(uint8_t lane) { return lane ? is_clear_2() : is_clear_1(); }

static inline __attribute__((always_inline)) void await_edge_1(bool rising) {
  TCCR1B = _BV(ICNC1) | _BV(CS11) | (rising ? _BV(ICES1) : 0);
  TIFR1 = _BV(ICF1);  // turning the edge may itself raise the flag
}

static inline void begin() {
  DDRB &= ~_BV(PB0);
  PORTB |= _BV(PB0);
  DDRD &= ~_BV(PD2);
  PORTD |= _BV(PD2);
  const uint16_t settled = TCNT1 + 100 * gate_clock::TICKS_PER_US;
  while ((int16_t)(TCNT1 - settled) < 0) {
  }
  EICRA = _BV(ISC00);  // any change
  EIFR = _BV(INTF0);
  EIMSK = _BV(INT0);
  await_edge_1(!is_clear_1());
  TIMSK1 = _BV(TOIE1) | _BV(ICIE1);
}

static bool is_quiet() {
  return queues[0].head == queues[0].tail && queues[1].head == queues[1].tail;
}

// Takes the oldest raw edge of a lane (0 or 1); false if there is none.
static bool take(uint8_t lane, uint32_t &stamp, bool &is_clear) {
  Queue &queue = queues[lane];
  const uint8_t tail = queue.tail;
  if (queue.head == tail) {
    return false;
  }
  stamp = (uint32_t)queue.edges[tail].overflows << 16 | queue.edges[tail].count;
  if (lane == 1) {
    stamp -= INT0_LATENCY_TICKS;
  }
  is_clear = queue.edges[tail].is_clear;
  queue.tail = (tail + 1) % QUEUE;
  return true;
}

// Catches a lane whose pin differs from `believed_clear` although no edge is waiting: the queue was full, or
// lane 1's pulse was shorter than its handler.
static bool take_missed(uint8_t lane, bool believed_clear, uint32_t &stamp) {
  bool missed = false;
  cli();
  const bool waiting = lane ? EIFR & _BV(INTF0) : TIFR1 & _BV(ICF1);
  const bool clear = is_clear(lane);
  if (clear != believed_clear && !waiting && queues[lane].head == queues[lane].tail) {
    if (lane == 0) {
      await_edge_1(!clear);
    }
    missed = true;
  }
  sei();
  if (missed) {
    stamp = gate_clock::now_low();
  }
  return missed;
}

static uint8_t take_dropped(uint8_t lane) {
  cli();
  const uint8_t dropped = queues[lane].dropped;
  queues[lane].dropped = 0;
  sei();
  return dropped;
}

}  // namespace beams

ISR(INT0_vect) {
  const uint16_t count = TCNT1;
  beams::push(beams::queues[1], count, gate_clock::overflows_of(count), beams::is_clear_2());
}

ISR(TIMER1_CAPT_vect) {
  const uint16_t count = ICR1;
  const uint16_t overflows = gate_clock::overflows_of(count);
  const bool was_rising = TCCR1B & _BV(ICES1);
  TIMSK1 = _BV(TOIE1);
  sei();  // lane 2 must not wait for the rest; the line above keeps this handler from nesting

  beams::await_edge_1(!was_rising);
  beams::push(beams::queues[0], count, overflows, was_rising);
  if (beams::is_clear_1() != was_rising && !(TIFR1 & _BV(ICF1))) {
    // the pulse ended before the edge was turned: nobody captured its end
    cli();
    const uint16_t late = TCNT1;
    const uint16_t late_overflows = gate_clock::overflows_of(late);
    sei();
    beams::await_edge_1(was_rising);
    beams::push(beams::queues[0], late, late_overflows, !was_rising);
  }

  cli();
  TIMSK1 = _BV(TOIE1) | _BV(ICIE1);
}
