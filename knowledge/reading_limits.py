"""What a reading child may use, by class of format.

Source: ../shared design, "Files": text formats 512 MB and 10 CPU s; a scanned page about 2 GB of
address space and 15 CPU s; LibreOffice its own class.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from knowledge.loading.detect import Format

MEGABYTE = 1024 * 1024


class LimitClass(StrEnum):
    """Each has its own children, for an address space cannot be widened again."""

    TEXT = "text"
    PICTURE = "picture"
    OFFICE = "office"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``files`` is how many files one child reads before a fresh one takes its place."""

    address_bytes: int
    cpu_s: int
    wall_s: float
    files: int


LIMITS = {
    LimitClass.TEXT: Limits(address_bytes=512 * MEGABYTE, cpu_s=10, wall_s=30, files=200),
    LimitClass.PICTURE: Limits(address_bytes=3072 * MEGABYTE, cpu_s=900, wall_s=900, files=5),
    LimitClass.OFFICE: Limits(address_bytes=4096 * MEGABYTE, cpu_s=60, wall_s=120, files=20),
}


def limit_class(form: Format) -> LimitClass:
    """A PDF begins as text; only one with scanned pages is read again with the picture limits."""
    if form is Format.IMAGE:
        return LimitClass.PICTURE
    return LimitClass.OFFICE if form is Format.OFFICE else LimitClass.TEXT
