"""What makes a draft a task once."""

from __future__ import annotations

import hashlib

from knowledge.model import DraftTask


def key_of(document_id: str, draft: DraftTask) -> str:
    """The same for the same words at the same place of the same document."""
    digest = hashlib.sha256(f"{draft.title}\n{draft.quote}".encode()).hexdigest()[:12]
    return f"draft:{document_id}:{draft.start}:{digest}"
