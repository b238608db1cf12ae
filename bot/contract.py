"""The JSON that other people's scripts rely on, as design.md §5 fixes it."""

from __future__ import annotations

from datetime import date

from pydantic import JsonValue

from handlers.documents.actions import Added, Shelved
from knowledge.model import Answer, Citation


def answer_json(answer: Answer, routed_to: str | None = None) -> dict[str, JsonValue]:
    """What ``ask --json`` prints."""
    return {
        "answered": answer.answered,
        "answer": answer.text,
        "citations": [_citation(citation) for citation in answer.citations],
        "cautions": list(answer.cautions),
        "routed_to": routed_to,
        "elapsed_ms": round(answer.elapsed_ms, 1),
    }


def document_json(shelved: Shelved) -> dict[str, JsonValue]:
    """What ``documents show --json`` prints."""
    document = shelved.document
    return {
        **summary_json(shelved),
        "cautions": list(document.cautions),
        "outline": [
            {"locator": one.locator, "heading": one.heading, "level": one.level}
            for one in document.outline
        ],
        "text": document.text,
        "passages": [
            {"id": one.id, "locator": one.locator, "text": one.text} for one in document.passages
        ],
    }


def summary_json(shelved: Shelved) -> dict[str, JsonValue]:
    """A document without its text, as ``documents list --json`` prints it."""
    document = shelved.document
    return {
        "id": document.id,
        "file": document.file,
        "title": document.title,
        "title_derived": document.title_derived,
        "issuer": document.issuer,
        "issued_on": _day(document.issued_on),
        "document_number": document.document_number,
        "index_number": document.index_number,
        "year": document.year,
        "status": shelved.status,
        "superseded_by": shelved.superseded_by,
    }


def added_json(added: Added) -> dict[str, JsonValue]:
    """One file's result of ``documents add --json``."""
    document = added.document
    return {
        "file": added.file,
        "outcome": added.outcome.value,
        "id": document.id if document else None,
        "title": document.title if document else None,
        "passages": len(document.passages) if document else 0,
        "supersedes": list(added.supersedes),
        "reason": added.reason,
    }


def _citation(citation: Citation) -> dict[str, JsonValue]:
    return {
        "document": citation.document,
        "file": citation.file,
        "locator": citation.locator,
        "quote": citation.quote,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
