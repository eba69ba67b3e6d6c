"""How a process of the lab reaches its broker."""

from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from devices.transports.mqtt import MqttTransport, Will
from lab_controller.errors import Invalid
from lab_controller.settings import Settings


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is and who we are to it."""

    host: str
    port: int
    username: str
    password: str


def external_address(settings: Settings, username: str) -> Address:
    """From `LAB_MQTT_URL`, such as `mqtt://broker.school:1883`; raises Invalid."""
    parts = urlsplit(settings.mqtt_url)
    if parts.scheme != "mqtt" or not parts.hostname:
        raise Invalid("mqtt_url_invalid", url=settings.mqtt_url)
    return Address(
        parts.hostname,
        parts.port or 1883,
        settings.mqtt_username or unquote(parts.username or "") or username,
        settings.mqtt_password or unquote(parts.password or ""),
    )


def own_address(settings: Settings, username: str, password: str) -> Address:
    """The same broker with an account beside the one that the settings name."""
    return replace(external_address(settings, username), username=username, password=password)


def names_account(settings: Settings) -> bool:
    """Whether the settings say who we are; on a broker that asks nobody they need not."""
    address = external_address(settings, "")
    return bool(address.username or address.password)


def lets_agent_in(settings: Settings) -> bool:
    """Whether a room agent beside the hub has an account of its own.

    With one account for both each would end the other's connection.
    """
    return settings.embedded_broker or bool(settings.mqtt_agent_password) or not names_account(settings)


def connect(
    settings: Settings, address: Address, *, client_id: str, will: Will | None = None, lasting: bool = True
) -> MqttTransport:
    """A transport, not yet started; a `lasting` session outlives a restart."""
    return MqttTransport(
        client_id=client_id,
        host=address.host,
        port=address.port,
        username=address.username,
        password=address.password,
        clean_session=not lasting,
        will=will,
        protocol="5" if settings.mqtt_shared else "3.1.1",
        keepalive_s=settings.mqtt_keepalive_s,
    )
