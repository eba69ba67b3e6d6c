"""A program on its way onto a kit: what stopped it and what a child does about it."""

from web.languages import mark as _

SENTENCES = {
    "cancelled": _("You stopped the upload. The kit is well: upload again whenever you like."),
    "device_busy": _(
        "Another program is just being put onto this kit. Wait until it is done, then try again."
    ),
    "device_floods": _(
        "The kit talks without a pause, so nobody else gets a word in. "
        "Stop its program or press reset, then try again."
    ),
    "program_too_big": _(
        "The program is too big: it has {size} bytes and {limit} fit. Make it smaller, then upload it again."
    ),
    "wrong_file_type": _("This kit cannot read “{name}”. Choose a file that ends in {takes}."),
    "no_such_slot": _("The kit has no place {slot}: it has {slots} places for programs. Choose another one."),
    "slot_not_chosen": _(
        "The hub stands on another place ({chosen}). "
        "Choose place {slot} with the hub's buttons, then try again."
    ),
    "slot_empty": _("There is no program in place {slot}. Upload one there first."),
    "program_torn": _("Only a part of “{name}” reached the kit. Press “Try again”."),
    "program_empty": _("There is nothing in “{name}”. Choose the file with your program."),
    "program_damaged": _("The file “{name}” is damaged. Make it anew from your program."),
    "program_damaged:line": _("The file “{name}” is damaged in line {line}. Make it anew from your program."),
    "compile_failed": _("The program has a mistake: {problem}. Correct it, then upload again."),
    "compile_failed:line": _("There is a mistake in line {line}: {problem}. Correct it, then upload again."),
    "program_taken_back": _(
        "The new program stopped at once: {problem}. The old one is back. "
        "Correct the program, then upload again."
    ),
    "program_taken_back:line": _(
        "The new program stopped at once, in line {line}: {problem}. The old one is back. "
        "Correct the program, then upload again."
    ),
    "program_restarts": _(
        "The board restarted as soon as the new program ran, so the old one is back. "
        "Look for a restart or a short circuit, then upload again."
    ),
    "compiler_missing": _(
        "The room computer lacks {tool}, which translates this program. "
        "Ask whoever looks after the lab to install it."
    ),
    "board_silent:port": _(
        "Nothing answers on {port}. "
        "See that the kit is switched on and its cable sits firmly, then try again."
    ),
    "board_silent:ble": _(
        "{port} does not answer. See that it is switched on and near the room's computer, then try again."
    ),
    "board_silent:tcp": _(
        "Nothing answers at {port}. See that the kit is switched on and in the lab's network, then try again."
    ),
    "sketch_answers": _(
        "The board answers with its own program's text: press the reset button once and try again."
    ),
    "wrong_board": _(
        "This is another board than it seemed: {found} instead of {expected}. "
        "Make the program for this board."
    ),
    "verify_failed": _(
        "The board did not keep the program correctly. Try again; if it happens twice, change the cable."
    ),
    "write_failed": _(
        "The kit could not store the program. Try again; if it happens twice, restart the kit."
    ),
    "port_gone": _("The kit on {port} went away during the upload. Plug its cable in again, then try again."),
    "battery_low": _("The battery is nearly empty. Charge it or put fresh batteries in."),
    "battery_low:percent": _(
        "The battery is nearly empty: {percent} % is left. Charge it or put fresh batteries in."
    ),
    "battery_empty": _("The battery is empty. Charge it or put fresh batteries in now."),
    "current_too_high": _("A motor draws too much current. See whether something holds it, and let it go."),
    "hub_hot": _("The hub is getting hot. Let the motors rest for a while."),
    "hub_too_hot": _("The hub is too hot. Switch it off and let it cool for ten minutes."),
    "device_refused": _(
        "The kit refused it ({status}). Stop the program that runs on it, then try again; "
        "if it refuses again, switch it off and on."
    ),
    "firmware_too_old": _(
        "The kit's own software is too old: it has {found} and needs {needed}. Ask an instructor to renew it."
    ),
    "firmware_mismatch": _(
        "The kit's own software does not fit: it has {found} and needs {needed}. "
        "Ask an instructor to renew it."
    ),
    "name_on_board": _(
        "“{name}” is on the board already and would run in its place. "
        "Give your program another name, then upload it."
    ),
    "storage_full": _(
        "There is no room left on the kit. Delete an old program with the kit's own buttons, "
        "or with the software of its maker, then try again."
    ),
    "storage_full:free": _(
        "There is no room left on the kit: {free} bytes are free. Delete an old program with the kit's own "
        "buttons, or with the software of its maker, then try again."
    ),
    "storage_full:slots": _(
        "There is no room left on the brain. Choose the place of a program that nobody needs any more: "
        "yours takes its room."
    ),
    "storage_full:typed": _(
        "There is no room left on the board. Type {typed} into its console, "
        "with the name of a file that nobody needs any more, then try again."
    ),
    "waited_too_long": _(
        "The room's computer was away for more than ten minutes, so the program was not started by itself. "
        "Press “Try again” when you are with the kit."
    ),
    "agent_restarted": _(
        "The room computer restarted in the middle of it. Press “Try again”: the kit takes the program anew."
    ),
    "tool_failed": _("{tool} could not do it ({said}). Try again; if it stays, show this to an instructor."),
    "too_many_orders": _("Too many programs wait at once. Wait a minute, then try again."),
    "speed_unknown": _(
        "The board's text cannot be read at any usual speed. "
        "Write Serial.begin(115200) in the program and upload it again."
    ),
    "no_such_pin": _("This board has no pin {pin}. Choose one from the list."),
    "pin_cannot": _("Pin {pin} cannot do that. Choose another pin, or another use for it."),
    "port_lent": _("The lab has just lent this port to an upload. Wait until that is done."),
    "reopened": _("The lab opens this kit's port anew. Wait a few seconds; it comes back by itself."),
}
