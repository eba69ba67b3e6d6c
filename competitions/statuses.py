"""Statuses of an attempt: never encoded as a number."""

from enum import StrEnum


class Status(StrEnum):
    OK = "OK"
    DNF = "DNF"
    DNS = "DNS"
    DSQ = "DSQ"
    VOID = "VOID"
    RERUN = "RERUN"
