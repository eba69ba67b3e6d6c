"""Files that are either the old ones or the new ones, whenever the power is cut."""

import json
import os


def exists(name):
    try:
        os.stat(name)
    except OSError:
        return False
    return True


def remove(name):
    try:
        os.remove(name)
    except OSError:
        pass


def move(old, new):
    try:
        os.rename(old, new)
    except OSError:
        # FAT does not rename over a file that is there.
        os.remove(new)
        os.rename(old, new)


def save(name, told):
    with open("save.new", "w") as file:
        json.dump(told, file)
    move("save.new", name)


def load(name):
    """None if there is no such file, or no whole one."""
    try:
        with open(name) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def free():
    """Bytes that are left, or None where the system does not tell."""
    try:
        told = os.statvfs("/")
    except (OSError, AttributeError):
        return None
    return told[0] * told[3]
