"""Bluetooth Low Energy behind our own interface: reading, writing and hearing characteristics by name.

The one importer of bleak, which comes with `lab-controller[ble]`.
"""

from collections.abc import Callable
from typing import Any, Protocol

from devices.errors import TransportError

FIND_S = 15.0
BLE = "ble:"
"""Begins the name of a port that is reached over Bluetooth: `ble:Bumblebee`."""


class BleRefusal(Exception):
    """The device answered, with an error of its own."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class BleLink(Protocol):
    """A connection to one device. Every call may raise BleRefusal, or TransportError("cable_pulled")."""

    async def read_name(self) -> str:
        """What the device calls itself."""
        ...

    async def read(self, uuid: str) -> bytes:
        """The value of a characteristic."""
        ...

    async def write(self, uuid: str, data: bytes) -> None:
        """With a response: the device has it when this returns."""
        ...

    async def listen(self, uuid: str, on_data: Callable[[bytes], None] | None) -> None:
        """Hear a characteristic; None hears no more."""
        ...

    async def close(self) -> None:
        """Harmless if the device has gone."""
        ...


class BleRadio(Protocol):
    """What finds devices."""

    async def connect(self, name: str, service: str, on_lost: Callable[[], None]) -> BleLink:
        """To a device that advertises this name and service; addresses change, names are given by people.

        Raises TransportError: port_missing, port_failed, bluetooth_missing.
        """
        ...


class BleakRadio:
    """This computer's own Bluetooth."""

    async def connect(self, name: str, service: str, on_lost: Callable[[], None]) -> BleLink:
        """Looks for `FIND_S` at most."""
        try:
            import bleak
        except ImportError as error:
            raise TransportError("bluetooth_missing", permanent=True, port=BLE + name) from error

        def is_wanted(device: Any, told: Any) -> bool:
            return name in (told.local_name, device.name) and service in told.service_uuids

        try:
            device = await bleak.BleakScanner.find_device_by_filter(
                is_wanted, timeout=FIND_S, service_uuids=[service]
            )
            if device is None:
                raise TransportError("port_missing", port=BLE + name)
            client = bleak.BleakClient(device, disconnected_callback=lambda _: on_lost())
            await client.connect()
        except (bleak.exc.BleakError, OSError, TimeoutError) as error:
            raise TransportError("port_failed", port=BLE + name) from error
        return BleakLink(client, name)


class BleakLink:
    """A connection of bleak's."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    async def read_name(self) -> str:
        """Asked of the system: not every one lets us read the characteristic."""
        return str(self._client.name)

    async def read(self, uuid: str) -> bytes:
        """The value of a characteristic."""
        return bytes(await self._do(self._client.read_gatt_char(uuid)))

    async def write(self, uuid: str, data: bytes) -> None:
        """With a response."""
        await self._do(self._client.write_gatt_char(uuid, data, response=True))

    async def listen(self, uuid: str, on_data: Callable[[bytes], None] | None) -> None:
        """bleak calls back in the event loop."""
        if on_data is None:
            await self._do(self._client.stop_notify(uuid))
        else:
            await self._do(self._client.start_notify(uuid, lambda _, data: on_data(bytes(data))))

    async def close(self) -> None:
        """Whatever bleak says to it."""
        try:
            await self._do(self._client.disconnect())
        except (BleRefusal, TransportError):
            return

    async def _do(self, deed: Any) -> Any:
        from bleak.exc import BleakError, BleakGATTProtocolError

        try:
            return await deed
        except BleakGATTProtocolError as error:
            raise BleRefusal(int(error.args[0])) from error
        except (BleakError, OSError, TimeoutError) as error:
            raise TransportError("cable_pulled", port=BLE + self._name) from error
