"""Gates, kits, cables, the bus: what is wrong with them and what a person does about it."""

from web.languages import mark as _

SENTENCES = {
    "device_lost": _("{device} went silent. Check its cable or power; it comes back by itself."),
    "device_away": _("The device is switched off or out of reach. Check its cable or power, then try again."),
    "device_unknown": _("There is no such device. Look for it in the list of devices."),
    "device_alert": _("The device says: {text}. Look at it."),
    "property_not_settable": _("This device cannot do that. Choose another device."),
    "command_too_long": _("The command is too long for the device. Shorten it."),
    "beam_blocked": _(
        "Something stands in the beam of input {lanes}. Clear it, or turn the sensor to its lamp."
    ),
    "not_connected": _(
        "There is no connection to the message broker. Check the network; it is tried again by itself."
    ),
    "queue_full": _("Messages pile up faster than they can be sent. Check the network."),
    "stopped": _("This part is being switched off. Start the lab again."),
    "subscription_refused": _(
        "The message broker does not let us listen. Check its accounts with “lab doctor”."
    ),
    "hub_stopped": _("The lab is being switched off. Start it again."),
    "broker_away": _("The message broker is away. Check the network; it is tried again by itself."),
    "mqtt_url_invalid": _(
        "The broker's address in LAB_MQTT_URL cannot be read. Write it as mqtt://host:1883."
    ),
    "broker_username_invalid": _(
        "This name cannot be a device's account. Use small letters, digits and hyphens."
    ),
    "broker_username_taken": _("There is an account with this name already. Choose another one."),
    "broker_username_unknown": _("There is no such account on the broker. Check the spelling."),
    "payload_too_large": _("A device sent a message that is too large; it was put aside. Check its program."),
    "payload_invalid": _("A device sent a message that cannot be read; it was put aside. Check its program."),
    "topic_unknown": _("A device used an unknown topic; it was put aside. Check its program."),
    "state_unknown": _("A device reported an unknown state; it was put aside. Check its program."),
    "values_too_many": _("A device reports too many different values. Check its program."),
    "stream_invalid": _("A device's stream of values cannot be read. Check its program."),
}
