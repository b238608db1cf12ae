"""XML from outside, read with limits, before and after decryption.

expat alone, no entity, no document type, no attribute, no instruction: what is not a small plain
tree of elements is refused after at most a few hundred callbacks into Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

from bot.errors import BadSignature

BODY_LIMIT_BYTES = 64 * 1024
_CONTROLS = bytes(set(range(32)) - {9, 10, 13})
"""Not allowed in XML 1.0, yet people paste them into chats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How deep and how many."""

    depth: int
    elements: int


ENVELOPE = Limits(depth=2, elements=8)
MESSAGE = Limits(depth=10, elements=1_000)


class UnreadableXml(ValueError):
    """Not the small plain tree that WeCom sends."""


@dataclass(slots=True)
class Element:
    """An element with its text or its children; not frozen, since it is filled while reading."""

    name: str
    text: str
    children: list[Element]

    def value(self, *path: str) -> str:
        """The text of the first element at ``path``; empty when there is none."""
        return next((element.text for element in self.each(*path)), "")

    def each(self, *path: str) -> list[Element]:
        """Every element at ``path``."""
        level = [self]
        for name in path:
            level = [child for parent in level for child in parent.children if child.name == name]
        return level


def read_xml(body: bytes, limits: Limits) -> Element:
    """Read ``<xml>…</xml>``; :class:`UnreadableXml` for anything beyond ``limits``."""
    reader = _Reader(limits)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError) as error:
        raise UnreadableXml(str(error)) from error
    return reader.root


def read_ciphertext(body: bytes) -> str:
    """The Encrypt element of a callback's body, which nobody has signed yet."""
    try:
        envelope = read_xml(body, ENVELOPE)
    except UnreadableXml as error:
        raise BadSignature(f"callback envelope: {error}") from error
    if envelope.name != "xml" or len(envelope.each("Encrypt")) != 1:
        raise BadSignature("callback envelope has not one Encrypt")
    return envelope.value("Encrypt")


def read_message(plain: bytes) -> Element:
    """The decrypted message."""
    return read_xml(plain.translate(None, _CONTROLS), MESSAGE)


class _Reader:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: list[Element] = []
        self._left = limits.elements
        self.root = Element("", "", [])

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._left -= 1
        if attributes or self._left < 0 or len(self._open) >= self._limits.depth:
            raise UnreadableXml("too deep, too many elements or attributes")
        element = Element(name, "", [])
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def characters(self, text: str) -> None:
        self._open[-1].text += text


def _refuse(*_declaration: object) -> None:
    raise UnreadableXml("document types and instructions are refused")
