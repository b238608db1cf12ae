"""Zip containers (docx, xlsx, ofd) opened only after their directory has been judged."""

from __future__ import annotations

import io
import stat
import zipfile

from lxml import etree

from bot.errors import UnreadableDocument

_MOST_ENTRIES = 2000
_MOST_BYTES = 100 * 1024 * 1024
_MOST_RATIO = 100
_RATIO_COUNTS_FROM = 1024 * 1024
_NESTED = (".zip", ".rar", ".7z", ".gz", ".tar")
_MOST_XML_BYTES = 60 * 1024 * 1024
_BOMB = "这个文件解开后大得不正常，为了安全没有读。请把内容另存为新文件再发。"


class Archive:
    """A checked zip; every read is bounded by what was checked."""

    def __init__(self, content: bytes) -> None:
        """Raises ``UnreadableDocument`` for a bomb, an encrypted or a broken container."""
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            raise _broken() from error
        self._check()
        self.names = frozenset(self._zip.namelist())

    def _check(self) -> None:
        entries = self._zip.infolist()
        if len(entries) > _MOST_ENTRIES:
            raise UnreadableDocument("too many zip entries", reply=_BOMB)
        total = 0
        for entry in entries:
            total += entry.file_size
            ratio = entry.file_size / max(entry.compress_size, 1)
            if total > _MOST_BYTES or (
                entry.file_size > _RATIO_COUNTS_FROM and ratio > _MOST_RATIO
            ):
                raise UnreadableDocument("zip bomb", reply=_BOMB)
            if entry.flag_bits & 0x1:
                raise UnreadableDocument(
                    "encrypted zip", reply="这个文件加了密码，请去掉密码后再发。"
                )
            if stat.S_ISLNK(entry.external_attr >> 16) or entry.filename.lower().endswith(_NESTED):
                raise UnreadableDocument("link or archive inside", reply=_BOMB)

    def read(self, name: str) -> bytes | None:
        """The entry's bytes, or ``None`` when there is no such entry."""
        if name not in self.names:
            return None
        try:
            with self._zip.open(name) as entry:
                content = entry.read(_MOST_XML_BYTES + 1)
        except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise _broken() from error
        if len(content) > _MOST_XML_BYTES:
            raise UnreadableDocument("zip entry too large", reply=_BOMB)
        return content

    def xml(self, name: str) -> etree._Element | None:
        """The entry parsed; entities are not resolved and nothing is fetched."""
        content = self.read(name)
        return None if content is None else parse_xml(content)


def parse_xml(content: bytes) -> etree._Element:
    """Raises ``UnreadableDocument`` when it is not well formed or has a document type."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _broken() from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableDocument("xml with a document type", reply=_BOMB)
    return root


def _broken() -> UnreadableDocument:
    return UnreadableDocument(
        "broken container", reply="这个文件已损坏，打不开，请重新导出后再发。"
    )
