"""Gates, kits, cables, the bus: what is wrong with them and what a person does about it."""

from web.languages import mark as _

_NOT_HEARD = _(
    "{port} is not to be heard over Bluetooth. "
    "Switch it on and bring it near the room's computer; it comes back by itself."
)
_NOT_IN_NETWORK = _(
    "Nothing answers at {port}. "
    "See that the kit is switched on and in the lab's network; it comes back by itself."
)

SENTENCES = {
    "device_lost": _("{device} went silent. Check its cable or power; it comes back by itself."),
    "publish_refused": _(
        "This device spoke for another one ({topic}); nobody heard it. Look at its program, and who wrote it."
    ),
    "session_contested": _(
        "Two devices use this one's name. Give each its own account, or switch the other one off."
    ),
    "device_away": _("The device is switched off or out of reach. Check its cable or power, then try again."),
    "device_unknown": _("There is no such device. Look for it in the list of devices."),
    "device_alert": _("The device says: {text}. Look at it."),
    "property_not_settable": _("This device cannot do that. Choose another device."),
    "command_too_long": _("The command is too long for the device. Shorten it."),
    "beam_blocked": _("Something stands in a beam. Clear it, or turn the sensor to its lamp."),
    "beam_blocked:lane": _(
        "Something stands in the beam of input {lane}. Clear it, or turn the sensor to its lamp."
    ),
    "beam_blocked:lanes": _(
        "Something stands in the beam of input {lanes}. Clear it, or turn the sensor to its lamp."
    ),
    "beam_bounces": _("A beam flickers. Fix the sensor so that it cannot shake, and shade it from the sun."),
    "line_noise": _("Sentences arrive damaged. Change the cable, or keep it away from motors and chargers."),
    "board_silent": _(
        "The board does not answer. Press its RESET button; if that does not help, plug the cable in anew."
    ),
    "hub_silent": _(
        "The hub does not answer. Switch it off and on with its button; "
        "if that does not help, plug the cable in anew."
    ),
    "board_reset": _("The board restarted by itself. Times across the restart do not count: order a rerun."),
    "clock_unsteady": _(
        "The board's clock jumps. Its times are not trusted for a minute; if it stays, change the board."
    ),
    "drift_too_large": _(
        "The board's clock runs {ppm} ppm wrong. Use it only with start and finish on this one board."
    ),
    "passages_lost": _(
        "Some passages never arrived. Look at the run: enter the time by hand or order a rerun."
    ),
    "gate_restarted": _("A gate restarted during the run. Check its power, then order a rerun."),
    "gate_lost": _("A gate of this field went silent. Check its cable or power."),
    "gate_silent": _("A gate did not answer the arming. Check its cable, then arm again."),
    "rule_failed": _(
        "The rules could not take this passage ({rule}). It is kept; look at the run before you accept."
    ),
    "port_busy": _(
        "Another program holds the port {port}. Close it (often the Arduino IDE), then wait a few seconds."
    ),
    "port_busy:holder": _("{holder} holds the port {port}. Close that program, then wait a few seconds."),
    "permission_denied": _(
        "The lab may not open the port {port}. Add its user to the group “dialout” and sign in again."
    ),
    "port_missing": _("The port {port} is gone. Plug the cable in again."),
    "port_missing:ble": _NOT_HEARD,
    "port_missing:tcp": _NOT_IN_NETWORK,
    "port_failed": _(
        "The port {port} cannot be opened. Plug the cable in again, at another socket if need be."
    ),
    "port_failed:ble": _(
        "{port} does not let the lab connect. Close the app that it is connected to, or switch it off and on."
    ),
    "port_failed:tcp": _(
        "{port} is no address. Ask whoever looks after the lab to write it as tcp:192.168.0.7:5555."
    ),
    "bluetooth_missing": _(
        "The room computer lacks what it needs for Bluetooth. "
        "Ask whoever looks after the lab to install lab-controller[ble], or plug the hub in by its cable."
    ),
    "port_left_alone": _(
        "The lab leaves {port} alone, because a person said so. Staff take that back on the room's page."
    ),
    "port_not_named": _(
        "Nobody has said yet what is on {port}. Say it on the room's page: a kit, or not a kit."
    ),
    "device_twice": _(
        "What is on {port} has the id of another kit of this room, and only that one is heard. "
        "Unplug one of the two, or give it an id of its own."
    ),
    "device_twice:device": _(
        "What is on {port} calls itself {device}, as does another kit of this room; only that one is heard. "
        "Unplug one of the two, or give it an id of its own."
    ),
    "cable_pulled": _("A cable is unplugged. Plug it in again; everything goes on by itself."),
    "cable_pulled:device": _(
        "This kit's cable is unplugged. Plug it in again; everything goes on by itself."
    ),
    "cable_pulled:ble": _NOT_HEARD,
    "cable_pulled:tcp": _NOT_IN_NETWORK,
    "write_blocked": _(
        "What is on {port} takes no data. Switch it off and on; a board without a switch has a RESET button."
    ),
    "known_firmware": _(
        "The lab's own firmware is on this board, and the lab asks it anew. Wait a few seconds."
    ),
    "no_answer": _(
        "What is on {port} does not answer as any kit does. Switch it on, or say that it is not a kit."
    ),
    "driver_failed": _(
        "The driver of {port} failed. Plug the cable in again; if it stays, tell whoever looks after the lab."
    ),
    "speed_unknown": _(
        "What the program prints cannot be read. Use Serial.begin(9600) or Serial.begin(115200) in it, "
        "and print text."
    ),
    "disk_failed": _(
        "The room computer cannot write to its disk ({problem}). Free some space now: passages may be lost."
    ),
    "device_absent": _("The device is not there. Plug it in, then try again."),
    "brain_not_linked": _(
        "The controller has no brain on its radio. Switch the robot's brain on, or plug its own cable in."
    ),
    "python_missing": _(
        "This brain has no Python yet. Send any Python program to it with VEXcode once, then try again."
    ),
    "bad_command": _("The device did not understand the command. Load the page again and repeat it."),
    "command_refused": _(
        "The kit refused. Wait a moment, then try again; if it refuses again, switch it off and on."
    ),
    "no_program": _("There is no program to start. Send one to the kit first, then press “Run”."),
    "program_not_started": _(
        "The kit could not start “{name}”. Send the program to it again, then press “Run”."
    ),
    "program_unstoppable": _(
        "The program on the board cannot be stopped from here. "
        "Press the board's RESET button, then try again."
    ),
    "nothing_runs": _("No program is running on the kit: there is nothing to stop."),
    "nobody_reads": _("No program on the kit reads what was sent. Start one that does, then send it again."),
    "name_refused": _("The hub does not take this name. Choose a shorter one."),
    "not_connected": _(
        "There is no connection to the message broker. Check the network; it is tried again by itself."
    ),
    "queue_full": _("Messages pile up faster than they can be sent. Check the network."),
    "stopped": _("This part is being switched off. Start the lab again."),
    "subscription_refused": _(
        "The message broker does not let us listen. "
        "Call whoever looks after the lab: its accounts need a look."
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
    "series_too_many": _(
        "This device has measured under {limit} different names, and the lab keeps no more. "
        "New names are not drawn: let its program use the same names each time."
    ),
    "stream_invalid": _("A device's stream of values cannot be read. Check its program."),
}
