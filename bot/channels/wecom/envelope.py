"""XML from outside, read with limits, before and after decryption.

The envelope comes from anybody: no entity, document type, attribute or instruction, and a handful
of elements; the rest is refused within a few callbacks into Python. What was inside is signed.
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.parsers import expat

from bot.errors import BadSignature

BODY_LIMIT_BYTES = 64 * 1024
_DEPTH, _ELEMENTS = 2, 8
_ENCRYPT = ["xml", "Encrypt"]
_CONTROLS = bytes(set(range(32)) - {9, 10, 13})
"""Not allowed in XML 1.0, yet people paste them into chats."""


class UnreadableXml(ValueError):
    """Not the small plain tree that WeCom sends."""


class Element:
    """A decrypted message's element."""

    def __init__(self, found: ElementTree.Element) -> None:
        self._found = found
        self.text = found.text or ""

    def value(self, *path: str) -> str:
        """The text of the first element at ``path``; empty when there is none."""
        return self._found.findtext("/".join(path), "")

    def each(self, *path: str) -> list[Element]:
        """Every element at ``path``."""
        return [Element(found) for found in self._found.findall("/".join(path))]


def read_ciphertext(body: bytes) -> str:
    """The Encrypt element of a callback's body, which nobody has signed yet."""
    reader = _EnvelopeReader()
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
        raise BadSignature(f"callback envelope: {error}") from error
    if len(reader.ciphertexts) != 1:
        raise BadSignature("callback envelope has not one Encrypt")
    return reader.ciphertexts[0]


def read_message(plain: bytes) -> Element:
    """The decrypted message; its size was bounded with the body's.

    It has to begin with its first element, so that no document type can declare an entity.

    Raises:
        UnreadableXml: It does not, or is not well-formed.
    """
    plain = plain.translate(None, _CONTROLS).lstrip()
    if not plain.startswith(b"<xml"):
        raise UnreadableXml("a message that does not begin with its root")
    try:
        return Element(ElementTree.fromstring(plain))  # noqa: S314 - signed, bounded, no DOCTYPE
    except (ElementTree.ParseError, ValueError) as error:
        raise UnreadableXml(str(error)) from error


class _EnvelopeReader:
    """Refuses what is deeper or wider than an envelope before it costs anything."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._left = _ELEMENTS
        self.ciphertexts: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._left -= 1
        if attributes or self._left < 0 or len(self._path) >= _DEPTH:
            raise UnreadableXml("too deep, too many elements or attributes")
        self._path.append(name)
        if self._path == _ENCRYPT:
            self.ciphertexts.append("")

    def end(self, _name: str) -> None:
        self._path.pop()

    def characters(self, text: str) -> None:
        if self._path == _ENCRYPT:
            self.ciphertexts[-1] += text


def _refuse(*_declaration: object) -> None:
    raise UnreadableXml("document types and instructions are refused")
