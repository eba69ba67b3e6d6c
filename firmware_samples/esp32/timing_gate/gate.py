"""The gate: beams and debounce in the main loop, conversation with the hub in the network thread."""

import json

import homie
from beams import Beam
from debounce import Lane
from gate_clock import Clock
from link import Link
from passages import EDGE, LANE, SEQ, US, Ring

EVIDENCE = 64


class Gate:
    def __init__(self, device, boot, config):
        self.device, self.boot = device, boot
        self.clock = Clock()
        self.ring = Ring()
        self.beams = [Beam(lane, gpio) for lane, gpio in sorted(config.LANE_PINS.items())]
        self.lanes = [Lane(beam, self.clock, self._on_passage, self._on_edge) for beam in self.beams]
        self.link = Link(device, config, self._on_ready)
        self._edges = [None] * EVIDENCE
        self._edges_seen = self._edges_told = 0
        self._armed = False
        self._told = {}

    # --- main loop ---

    def watch(self):
        self.clock.advance()
        for lane in self.lanes:
            lane.poll()

    def _on_passage(self, lane, is_clear, us):
        self.ring.add(lane, "C" if is_clear else "B", us)

    def _on_edge(self, lane, is_clear, us):
        number = self._edges_seen + 1
        self._edges[number % EVIDENCE] = (number, lane, "C" if is_clear else "B", us)
        self._edges_seen = number

    # --- network thread ---

    def serve(self):
        self.link.run(self._work)

    def _work(self):
        while self.link.commands:
            self._obey(*self.link.commands.pop(0))
        passage = self.ring.due()
        if passage:
            self._tell_edge("passage", "seq", passage)
            self._tell_change("gate/last-seq", str(self.ring.last_seq))
        elif self._edges_told < self._edges_seen:
            self._edges_told = max(self._edges_told, self._edges_seen - EVIDENCE) + 1
            self._tell_edge("edge", "n", self._edges[self._edges_told % EVIDENCE])
        self._tell_change("gate/blocked", json.dumps(self._blocked()))
        if self.ring.lost:
            first, last = self.ring.lost
            alert = {"code": "passages_lost", "params": {"first": first, "last": last}}
            self._tell_change("$alert/lost", json.dumps(alert))

    def _on_ready(self):
        self._told = {}
        self.ring.send_again()
        self._tell_change("gate/armed", "true" if self._armed else "false")
        self._tell_change("gate/resolution", str(homie.RESOLUTION_US))
        self._tell_change("gate/last-seq", str(self.ring.last_seq))

    def _tell_edge(self, name, number_name, edge):
        told = {
            number_name: edge[SEQ],
            "boot": self.boot,
            "lane": edge[LANE],
            "edge": edge[EDGE],
            "us": edge[US],
        }
        self.link.tell("gate/" + name, json.dumps(told), retain=False)

    def _tell_change(self, name, value):
        if self._told.get(name) != value:
            self.link.tell(name, value)
            self._told[name] = value

    def _blocked(self):
        return [beam.lane for beam in self.beams if not beam.is_clear()]

    def _obey(self, name, payload):
        if name == "gate/armed":
            return self._arm(payload == b"true")
        try:
            wanted = json.loads(payload)
        except ValueError:
            return None
        if not isinstance(wanted, dict):
            return None
        if name == "gate/arm":
            return self._answer_arm(wanted)
        if name == "gate/committed":
            return self._commit(wanted)
        if name == "gate/self-test":
            return self._answer_self_test(wanted)
        if name == "clock/sync":
            told = {"token": wanted.get("token"), "boot": self.boot, "us": self.clock.now()}
            return self.link.tell("clock/sync", json.dumps(told), retain=False)
        return None

    def _arm(self, armed):
        self._armed = armed
        self._tell_change("gate/armed", "true" if armed else "false")

    def _answer_arm(self, wanted):
        armed = wanted.get("armed") is True
        told = {
            "armed": armed,
            "token": wanted.get("token"),
            "boot": self.boot,
            "seq": self.ring.last_seq,
            "us": self.clock.now(),
        }
        self.link.tell("gate/arm", json.dumps(told), retain=False)
        self._arm(armed)

    def _commit(self, wanted):
        seqs = wanted.get("seqs")
        if wanted.get("boot") == self.boot and isinstance(seqs, list):
            self.ring.commit([seq for seq in seqs if isinstance(seq, int) and seq > 0])

    def _answer_self_test(self, wanted):
        blocked = self._blocked()
        problems = ["beam_blocked"] if blocked else []
        if self.ring.lost or any(beam.dropped for beam in self.beams):
            problems.append("passages_lost")
        told = {
            "token": wanted.get("token"),
            "blocked": blocked,
            "bounces": sum(lane.bounces for lane in self.lanes),
            "drift_ppm": None,
            "link": "ok",
            "problems": problems,
        }
        self.link.tell("gate/self-test", json.dumps(told), retain=False)
