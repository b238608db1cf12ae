"""A file's bytes to a Document: load, clean, outline, metadata, passages."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from bot.errors import UnreadableDocument
from knowledge.cleaning import Cleaned, clean_lines
from knowledge.composing import compose
from knowledge.document_json import document_from_json, document_to_json
from knowledge.frontmatter import Front, read_front, tidy_title
from knowledge.loading.base import MAX_CHARS, Line, Loaded
from knowledge.loading.load import load
from knowledge.metadata import read_metadata
from knowledge.model import Document
from knowledge.outline import outline_of
from knowledge.passages import passages_of
from knowledge.signature import with_asides

__all__ = ["document_from_json", "document_to_json", "read_bytes", "read_file"]

_ID_DIGITS = 12


def read_bytes(content: bytes, file_name: str, *, pictures: bool = True) -> Document:
    """Read in this process, without limits of its own: for trusted bytes and for the child.

    Args:
        content: The file's bytes.
        file_name: Its name, kept in the document; the bytes decide the format.
        pictures: Recognise scanned pages; otherwise a PDF that has some raises ``ScannedPages``.

    Raises:
        UnreadableDocument: Its reply says in one Chinese sentence why, and what to do.
    """
    loaded = load(content, file_name, pictures=pictures)
    if sum(len(line.text) for line in loaded.lines) > MAX_CHARS:
        raise UnreadableDocument("too much text", reply="这个文件的文字太多，请拆成几个文件再发。")
    cleaned = clean_lines(loaded.lines)
    if not cleaned.text.strip():
        raise UnreadableDocument("no text left", reply="这个文件里没有可以读的正文。")
    return _document(cleaned, loaded, hashlib.sha256(content).hexdigest(), file_name)


async def read_file(content: bytes, file_name: str) -> Document:
    """Read in a limited child process; whatever goes wrong there is ``UnreadableDocument``."""
    return await asyncio.to_thread(_read_in_child, content, file_name)


def _read_in_child(content: bytes, file_name: str) -> Document:
    from knowledge.reading_pool import shared_pool

    return shared_pool.read(content, file_name)


def _with_tidy_title(lines: Sequence[Line], front: Front) -> list[Line]:
    """A page counter or a site's name is no part of the title, in the text neither."""
    return [
        replace(line, text=front.title)
        if front.title and index < front.title_lines and tidy_title(line.text) == front.title
        else line
        for index, line in enumerate(lines)
    ]


def _document(cleaned: Cleaned, loaded: Loaded, digest: str, file_name: str) -> Document:
    found = cleaned.found
    found.url = found.url or loaded.url
    found.publisher = found.publisher or loaded.publisher
    found.issued_on = found.issued_on or loaded.issued_on
    found.authors += [name for name in loaded.authors if name not in found.authors]
    front = read_front(cleaned.lines, found, loaded.title)
    lines = with_asides(_with_tidy_title(cleaned.lines, front), front.title_lines)
    composed = compose(lines, front)
    outline = outline_of(composed.text, composed.shape)
    body = composed.text[composed.shape.body.start :].split("\n")
    headings = [section.heading for section in outline]
    metadata = read_metadata([line for line in body if line], found, front, headings, file_name)
    document_id = digest[:_ID_DIGITS]
    return Document(
        id=document_id,
        file=file_name,
        title=metadata.title,
        title_derived=metadata.title_derived,
        subtitle=metadata.subtitle,
        issuer=metadata.issuer,
        publisher=metadata.publisher,
        authors=metadata.authors,
        issued_on=metadata.issued_on,
        effective_on=metadata.effective_on,
        expires_on=metadata.expires_on,
        document_number=metadata.document_number,
        index_number=metadata.index_number,
        year=metadata.year,
        genre=metadata.genre,
        url=metadata.url,
        replaces=metadata.replaces,
        cautions=(*loaded.cautions, *metadata.cautions),
        names=metadata.names,
        text=composed.text,
        outline=outline,
        passages=passages_of(composed.text, outline, composed.shape, composed.rows, document_id),
    )
