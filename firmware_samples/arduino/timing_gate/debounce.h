// Raw edges to passages: the first edge counts at once, edges in the next 20 ms are evidence, and if the beam
// ends that window in another state than reported, its last raw edge is a passage too. So none is lost or doubled.
#pragma once

#include <Arduino.h>

#include "alarm.h"
#include "beams.h"
#include "passages.h"
#include "sentences.h"

namespace debounce {

const uint8_t ROOM_FOR_OTHERS = 64;
const int32_t WINDOW_TICKS = 20000L * gate_clock::TICKS_PER_US;

struct Lane {
  bool reported_clear;
  bool is_clear;
  bool in_window;
  uint32_t window_from;
  uint64_t last_edge;
};

static Lane lanes[beams::LANES];
static uint32_t edges = 0;
static uint32_t bounces = 0;

static void begin() {
  for (uint8_t at = 0; at < beams::LANES; at++) {
    lanes[at].reported_clear = lanes[at].is_clear = beams::is_clear(at);
  }
}

static void report(uint8_t at, uint64_t ticks) {
  Lane &lane = lanes[at];
  lane.reported_clear = lane.is_clear;
  lane.in_window = true;
  lane.window_from = (uint32_t)ticks;
  alarm::set(at, (uint16_t)(lane.window_from + WINDOW_TICKS));
  passages::add(at, lane.is_clear, ticks);
}

static void keep_as_evidence(uint8_t at, uint64_t ticks) {
  bounces++;
  edges++;
  if (serial_line::room() >= sentences::LONGEST + ROOM_FOR_OTHERS) {
    sentences::edge(PSTR("EDGE"), edges, at, lanes[at].is_clear, gate_clock::us(ticks));
  }
}

static bool is_over(const Lane &lane, uint32_t now) {
  return (int32_t)(now - lane.window_from) >= WINDOW_TICKS;
}

static void close_window(uint8_t at) {
  Lane &lane = lanes[at];
  lane.in_window = false;
  if (lane.is_clear != lane.reported_clear) {
    report(at, lane.last_edge);
  }
}

static void see(uint8_t at, uint32_t stamp, bool is_clear) {
  Lane &lane = lanes[at];
  while (lane.in_window && is_over(lane, stamp)) {
    close_window(at);
  }
  const uint64_t ticks = gate_clock::extend(stamp);
  lane.is_clear = is_clear;
  lane.last_edge = ticks;
  if (!lane.in_window && is_clear != lane.reported_clear) {
    report(at, ticks);
  } else {
    keep_as_evidence(at, ticks);
  }
}

static void poll() {
  for (uint8_t at = 0; at < beams::LANES; at++) {
    // read before the queue: an edge that comes later cannot belong to a window that ended before
    const uint32_t now = (uint32_t)gate_clock::now();
    uint32_t stamp;
    bool is_clear;
    while (beams::take(at, stamp, is_clear)) {
      see(at, stamp, is_clear);
      serial_line::pump();
    }
    passages::lost += beams::take_dropped(at);
    if (beams::take_missed(at, lanes[at].is_clear, stamp)) {
      see(at, stamp, !lanes[at].is_clear);
    }
    while (lanes[at].in_window && is_over(lanes[at], now)) {
      close_window(at);
    }
  }
}

}  // namespace debounce
