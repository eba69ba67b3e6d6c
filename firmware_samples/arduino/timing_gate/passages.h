// The last 128 passages, kept until the host has them on disk; sent in order, resent on request.
#pragma once

#include <Arduino.h>

#include "gate_clock.h"
#include "sentences.h"

namespace passages {

const uint8_t KEPT = 128;

struct Passage {
  uint8_t ticks[6];  // low byte first
  uint8_t lane : 1;
  uint8_t is_clear : 1;
};

static Passage ring[KEPT];
static uint32_t last_seq = 0;
static uint32_t acknowledged = 0;
static uint32_t sent = 0;
static uint32_t lost = 0;

static uint32_t oldest() {
  return last_seq - acknowledged > KEPT ? last_seq - KEPT + 1 : acknowledged + 1;
}

static uint32_t unacknowledged() {
  return last_seq + 1 - oldest();
}

static void add(uint8_t lane, bool is_clear, uint64_t ticks) {
  if (unacknowledged() == KEPT) {
    lost++;
  }
  Passage &passage = ring[++last_seq % KEPT];
  memcpy(passage.ticks, &ticks, sizeof passage.ticks);
  passage.lane = lane;
  passage.is_clear = is_clear;
}

static bool is_all_sent() {
  return sent == last_seq;
}

static void send_next() {
  if (is_all_sent() || serial_line::room() < sentences::LONGEST) {
    return;
  }
  if (sent + 1 < oldest()) {
    sent = oldest() - 1;
  }
  const Passage &passage = ring[++sent % KEPT];
  uint64_t ticks = 0;
  memcpy(&ticks, passage.ticks, sizeof passage.ticks);
  sentences::edge(PSTR("GATE"), sent, passage.lane, passage.is_clear, gate_clock::us(ticks));
}

// False if `seq` was never given out.
static bool acknowledge(uint32_t seq) {
  if (seq > last_seq) {
    return false;
  }
  if (seq > acknowledged) {
    acknowledged = seq;
  }
  if (acknowledged > sent) {
    sent = acknowledged;
  }
  return true;
}

// Sends what is kept from `from` on again; what was overwritten is named in a GONE sentence.
static void resend(uint32_t from) {
  if (from <= acknowledged) {
    from = acknowledged + 1;
  }
  if (from < oldest()) {
    sentences::start(PSTR("GONE"));
    sentences::put_boot();
    sentences::put_number(from);
    sentences::put_number(oldest() - 1);
    sentences::end();
    from = oldest();
  }
  if (from <= sent) {
    sent = from - 1;
  }
}

}  // namespace passages
