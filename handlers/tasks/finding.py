"""Duties that a model points at where the reader of plans found none; each is read again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from handlers.access import Act, Actor, check
from handlers.asker import asker_of
from knowledge.model import Document, DraftTask
from knowledge.picked import Span, picked_draft, silent_passages, spans_of
from knowledge.writer_limits import Asker

AT_ONCE = 12
"""Passages in one go: about as long as a person waits."""


class Picks(Protocol):
    """Copies the sentences of a passage that ask for something, word for word."""

    async def duties(self, passage: str, asker: Asker) -> tuple[str, ...] | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """``looked`` passages have been shown to the model by now, of ``silent`` in all."""

    spans: tuple[Span, ...]
    looked: int
    silent: int
    is_cut: bool = False
    """The model stopped answering."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Built once, in ``bot.app``, where a model is configured."""

    picks: Picks

    async def find(
        self, actor: Actor, document: Document, drafts: Sequence[DraftTask], looked: int
    ) -> Found:
        """Look at the next passages after the first ``looked``; spans that read as a duty.

        Raises:
            NotAllowed: The actor gives no tasks to anybody.
        """
        check(actor, Act.MANAGE_TASKS)
        silent = await asyncio.to_thread(lambda: list(silent_passages(document, drafts)))
        asker, spans = asker_of(actor), list[Span]()
        done, is_cut = looked, False
        for passage in islice(silent, looked, looked + AT_ONCE):
            sentences = await self.picks.duties(passage.text, asker)
            if sentences is None:
                is_cut = True
                break
            spans += spans_of(passage, sentences)
            done += 1

        def read() -> tuple[Span, ...]:
            new = [span for span in spans if span.is_new(drafts)]
            return tuple(one for one in new if picked_draft(document, one.start, one.end))

        return Found(
            spans=await asyncio.to_thread(read), looked=done, silent=len(silent), is_cut=is_cut
        )
