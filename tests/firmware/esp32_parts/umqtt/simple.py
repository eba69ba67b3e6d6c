"""umqtt.simple's interface and manners (QoS 1 waits for its PUBACK), which the Unix build lacks."""

import socket
import struct


class MQTTException(Exception):
    pass


def _text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("!H", len(data)) + data


def _length(size):
    packed = bytearray()
    while size > 0x7F:
        packed.append(size & 0x7F | 0x80)
        size >>= 7
    packed.append(size)
    return bytes(packed)


class MQTTClient:
    def __init__(self, client_id, server, *, port=1883, user=None, password=None, keepalive=0):
        self.sock, self.pid, self.cb = None, 0, None
        self._address = server, port
        self._client_id, self._user, self._password, self._keepalive = client_id, user, password, keepalive
        self._will = None

    def set_callback(self, callback):
        self.cb = callback

    def set_last_will(self, topic, msg, retain=False, qos=0):
        self._will = topic, msg, retain, qos

    def connect(self):
        self.sock = socket.socket()
        self.sock.connect(socket.getaddrinfo(*self._address)[0][-1])
        topic, message, retain, qos = self._will
        flags = 0xC0 | retain << 5 | qos << 3 | 0x04 | 0x02
        body = _text("MQTT") + bytes([4, flags]) + struct.pack("!H", self._keepalive)
        for field in (self._client_id, topic, message, self._user, self._password):
            body += _text(field)
        self.sock.write(b"\x10" + _length(len(body)) + body)
        answer = self.sock.read(4)
        assert answer[:2] == b"\x20\2"
        if answer[3]:
            raise MQTTException(answer[3])

    def ping(self):
        self.sock.write(b"\xc0\0")

    def publish(self, topic, msg, retain=False, qos=0):
        body = _text(topic)
        if qos:
            self.pid += 1
            pid = self.pid
            body += struct.pack("!H", pid & 0xFFFF)
        body += msg.encode() if isinstance(msg, str) else msg
        self.sock.write(bytes([0x30 | qos << 1 | retain]) + _length(len(body)) + body)
        while qos:
            if self.wait_msg() == 0x40:
                assert self.sock.read(1) == b"\2"
                high, low = self.sock.read(2)
                if high << 8 | low == pid:
                    return

    def subscribe(self, topic, qos=0):
        self.pid += 1
        body = struct.pack("!H", self.pid) + _text(topic) + bytes([qos])
        self.sock.write(b"\x82" + _length(len(body)) + body)
        while True:
            if self.wait_msg() == 0x90:
                answer = self.sock.read(4)
                if answer[3] == 0x80:
                    raise MQTTException(answer[3])
                return

    def wait_msg(self):
        first = self.sock.read(1)
        self.sock.setblocking(True)
        if first is None:
            return None
        if first == b"":
            raise OSError(-1)
        if first == b"\xd0":
            assert self.sock.read(1) == b"\0"
            return None
        op = first[0]
        if op & 0xF0 != 0x30:
            return op
        size, shift = 0, 0
        while True:
            byte = self.sock.read(1)[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        body = self.sock.read(size)
        topic_end = 2 + (body[0] << 8 | body[1])
        payload = topic_end + (2 if op & 6 else 0)
        self.cb(body[2:topic_end], body[payload:])
        if op & 6:
            self.sock.write(b"\x40\x02" + body[topic_end:payload])
        return op

    def check_msg(self):
        self.sock.setblocking(False)
        return self.wait_msg()
