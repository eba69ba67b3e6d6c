"""The connection to the broker: greeting, will, and coming back after a break. Runs in the network thread."""

import socket
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

import homie
import umqtt.simple
from umqtt.simple import MQTTClient, MQTTException

KEEPALIVE_S = 10
SILENCE_S = 5
FIRST_WAIT_MS = 500
LONGEST_WAIT_MS = 8_000
LAST_PACKET_ID = 65_000

# umqtt.simple reads a closed connection as any of these
BROKEN = (OSError, MQTTException, AssertionError, IndexError, TypeError)


class TimedSocket:
    """A socket that gives up after a silence; umqtt.simple would wait for ever for a broker that has vanished."""

    def __init__(self):
        self._socket = sock = socket.socket()
        self.connect, self.read, self.write, self.close = sock.connect, sock.read, sock.write, sock.close
        self.setblocking(True)

    def setblocking(self, on):
        self._socket.settimeout(SILENCE_S if on else 0)


class TimedSockets:
    """What umqtt.simple takes for the socket module."""

    getaddrinfo = socket.getaddrinfo
    socket = TimedSocket


umqtt.simple.socket = TimedSockets


class Link:
    """`on_ready()` after each connection; commands wait in `commands` as (node/property, payload)."""

    def __init__(self, device, config, on_ready):
        self.commands = []
        self._device, self._on_ready = device, on_ready
        self._client = MQTTClient(
            device,
            config.BROKER,
            port=config.BROKER_PORT,
            user=device,
            password=config.DEVICE_PASSWORD,
            keepalive=KEEPALIVE_S,
        )
        self._client.set_callback(self._on_message)
        self._client.set_last_will(homie.state_topic(device), b"lost", retain=True, qos=1)
        self._ping_at = 0

    def run(self, work):
        """Stay connected for ever and call `work()` often; a broken connection is made anew."""
        wait_ms = FIRST_WAIT_MS
        while True:
            try:
                self._greet()
                wait_ms = FIRST_WAIT_MS
                while True:
                    self._listen()
                    work()
                    sleep_ms(2)
            except BROKEN as problem:
                print("connection:", repr(problem))
                self._close()
                sleep_ms(wait_ms)
                wait_ms = min(2 * wait_ms, LONGEST_WAIT_MS)

    def tell(self, name, payload, retain=True):
        """Publish a property; back when the broker has it."""
        self.publish(homie.property_topic(self._device, name), payload, retain)

    def publish(self, topic, payload, retain):
        if self._client.pid > LAST_PACKET_ID:
            self._client.pid = 0  # umqtt.simple counts beyond 16 bits and then waits for ever
        self._client.publish(topic, payload, retain=retain, qos=1)

    def _close(self):
        if self._client.sock:
            try:
                self._client.sock.close()
            except OSError:
                pass

    def _greet(self):
        device = self._device
        self._client.connect()
        self._ping_at = ticks_add(ticks_ms(), KEEPALIVE_S * 500)
        self.publish(homie.state_topic(device), b"init", True)
        self.publish(homie.description_topic(device), homie.description(), True)
        self._client.subscribe(homie.set_filter(device), qos=1)
        self._on_ready()
        self.publish(homie.state_topic(device), b"ready", True)

    def _listen(self):
        self._client.check_msg()
        if ticks_diff(ticks_ms(), self._ping_at) >= 0:
            self._ping_at = ticks_add(ticks_ms(), KEEPALIVE_S * 500)
            self._client.ping()

    def _on_message(self, topic, payload):
        # no publishing here: this may run while a publication waits for its acknowledgement
        name = homie.parse_set(self._device, topic.decode())
        if name:
            self.commands.append((name, payload))
