"""What becomes of whatever somebody decides on."""

from enum import StrEnum


class Verdict(StrEnum):
    YES = "yes"
    NO = "no"
    OPEN = "open"
