// Raw edges of the two beams. Lane 1 on D8 is stamped by Timer1's input capture, lane 2 on D2 by INT0.
// A beam is HIGH when clear (pull-up) and LOW when broken.
#pragma once

#include <Arduino.h>

#include "alarm.h"
#include "gate_clock.h"

namespace beams {

const uint8_t LANES = 2;
const uint8_t QUEUE = 16;
const uint8_t TIMER_INTERRUPTS = _BV(TOIE1) | _BV(ICIE1) | alarm::INTERRUPTS;

// From INT0's pin change to its reading of Timer1, uncontended: 14 cycles of 16 to a microsecond.
const uint8_t INT0_LATENCY_TICKS = 1;

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
  TIMSK1 = TIMER_INTERRUPTS;
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
  if (is_clear(lane) == believed_clear) {
    return false;
  }
  cli();
  const bool clear = is_clear(lane);
  if (clear != believed_clear && queues[lane].head == queues[lane].tail) {
    // after the pin: the flag of an edge that the pin shows already may come some cycles later
    missed = !(lane ? EIFR & _BV(INTF0) : TIFR1 & _BV(ICF1));
    if (missed && lane == 0) {
      await_edge_1(!clear);
    }
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

// Timer1 is read before anything else is saved, and handed on in two spare registers.
ISR(INT0_vect, ISR_NAKED) {
  asm volatile(
      "push r24               \n\t"
      "lds  r24, %[low]       \n\t"
      "out  %[kept_low], r24  \n\t"
      "lds  r24, %[high]      \n\t"
      "out  %[kept_high], r24 \n\t"
      "pop  r24               \n\t"
      "jmp  __vector_lane_2   \n\t" ::[low] "n"(_SFR_MEM_ADDR(TCNT1L)),
      [high] "n"(_SFR_MEM_ADDR(TCNT1H)), [kept_low] "I"(_SFR_IO_ADDR(GPIOR1)),
      [kept_high] "I"(_SFR_IO_ADDR(GPIOR2)));
}

extern "C" void __vector_lane_2() __attribute__((signal, used, externally_visible));
void __vector_lane_2() {
  const uint16_t count = (uint16_t)GPIOR2 << 8 | GPIOR1;
  beams::push(beams::queues[1], count, gate_clock::overflows_of(count), beams::is_clear_2());
}

// The stamp is safe in ICR1, so lane 2 may interrupt all but the first instructions; Timer1's interrupts stay
// masked, so that this handler does not nest and the overflow count stands still.
ISR(TIMER1_CAPT_vect, ISR_NAKED) {
  asm volatile(
      "push r24              \n\t"
      "ldi  r24, 0           \n\t"
      "sts  %[mask], r24     \n\t"
      "pop  r24              \n\t"
      "sei                   \n\t"
      "call __vector_lane_1  \n\t"
      "cli                   \n\t"
      "push r24              \n\t"
      "ldi  r24, %[all]      \n\t"
      "sts  %[mask], r24     \n\t"
      "pop  r24              \n\t"
      "reti                  \n\t" ::[mask] "n"(_SFR_MEM_ADDR(TIMSK1)),
      [all] "M"(beams::TIMER_INTERRUPTS));
}

// The two bytes of a Timer1 register pass through a latch that lane 2's handler uses too.
static inline __attribute__((always_inline)) uint16_t read_alone(volatile uint16_t &timer_register) {
  cli();
  const uint16_t count = timer_register;
  sei();
  return count;
}

extern "C" void __vector_lane_1() __attribute__((signal, used, externally_visible));
void __vector_lane_1() {
  const uint16_t count = read_alone(ICR1);
  const bool was_rising = TCCR1B & _BV(ICES1);
  const uint16_t overflows = gate_clock::overflows_of(count);
  beams::await_edge_1(!was_rising);
  beams::push(beams::queues[0], count, overflows, was_rising);
  if (beams::is_clear_1() != was_rising && !(TIFR1 & _BV(ICF1))) {
    // the pulse ended before the edge was turned: nobody captured its end
    const uint16_t late = read_alone(TCNT1);
    beams::await_edge_1(was_rising);
    beams::push(beams::queues[0], late, gate_clock::overflows_of(late), !was_rising);
  }
}
