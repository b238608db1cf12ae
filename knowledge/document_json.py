"""Documents as JSON, for the store and for the reading child; checked when they come back."""

from __future__ import annotations

from functools import cache

from pydantic import TypeAdapter, ValidationError

from bot.errors import UnreadableDocument
from knowledge.model import Document


@cache
def _adapter() -> TypeAdapter[Document]:
    return TypeAdapter(Document)


def document_to_json(document: Document) -> str:
    """One JSON object, UTF-8, not escaped."""
    return _adapter().dump_json(document).decode()


def document_from_json(text: str) -> Document:
    """Raises ``UnreadableDocument`` when ``text`` is not what ``document_to_json`` wrote."""
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        raise UnreadableDocument("stored document does not validate") from error
