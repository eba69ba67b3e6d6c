// UART0 at 115200 8N1. Reception is a short interrupt, transmission is polled, so that lane 2 never waits long.
#pragma once

#include <Arduino.h>

namespace serial_line {

const uint8_t RX_SIZE = 128;
const uint16_t TX_SIZE = 256;

static uint8_t received[RX_SIZE];
static volatile uint8_t received_head = 0;
static uint8_t received_tail = 0;

static uint8_t sending[TX_SIZE];
static uint8_t sending_head = 0;
static uint8_t sending_tail = 0;

static void begin() {
  UCSR0A = _BV(U2X0);
  UBRR0 = 16;
  UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
  UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
}

static bool is_quiet() {
  return received_head == received_tail;
}

static bool is_all_sent() {
  return sending_head == sending_tail;
}

static void pump() {
  while (sending_head != sending_tail && (UCSR0A & _BV(UDRE0))) {
    UDR0 = sending[sending_tail++];
  }
}

static uint8_t room() {
  return (uint8_t)(sending_tail - sending_head - 1);
}

static void put(uint8_t byte) {
  sending[sending_head++] = byte;
  pump();  // composing a long sentence must not leave the line idle
}

static bool take(uint8_t &byte) {
  if (received_head == received_tail) {
    return false;
  }
  byte = received[received_tail];
  received_tail = (received_tail + 1) % RX_SIZE;
  return true;
}

}  // namespace serial_line

ISR(USART_RX_vect) {
  const uint8_t byte = UDR0;
  sei();  // the next byte is 85 us away
  const uint8_t head = serial_line::received_head;
  serial_line::received[head] = byte;
  serial_line::received_head = (head + 1) % serial_line::RX_SIZE;
}
