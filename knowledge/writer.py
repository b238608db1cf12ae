"""A better-worded answer that says no more than the quoted one's clauses; or the quoted one.

Nothing that retrieval refused reaches a model, and nothing a model says reaches a person before
:mod:`knowledge.support` has found it in the clause it cites.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from knowledge.answer_wording import PREMISE
from knowledge.model import Answer, Turn
from knowledge.prompts import answer_prompt, gives_orders, neutral
from knowledge.support import Said, Source, fault_of, is_kept, read_sentence, sentences_in, share_of
from knowledge.writer_calls import Calls
from knowledge.writer_limits import Asker, ModelTrouble, Trouble
from knowledge.writer_proposals import Proposals

logger = logging.getLogger(__name__)

LEAST_KEPT = 0.5
"""Share of a quoted answer without plain facts that has to be said in other words too."""
LEAST_OF_ROW = 0.8
LEAST_CELLS = 3
_CELL = re.compile(r"[^：；\n]{1,16}：[^：；\n]+(?:；|$)")


class Writer(Protocol):
    """Rewords answers and makes follow-ups whole; a person never notices that it failed."""

    def write(self, answer: Answer, asker: Asker) -> AsyncGenerator[Answer, None]:
        """The answer, growing sentence by sentence; the last one holds.

        Yields nothing for what was refused; the quoted answer itself where anything went wrong.
        """
        ...

    async def whole(self, question: str, previous: Sequence[Turn], asker: Asker) -> str | None:
        """Propose a follow-up as a question that stands alone; None where it cannot be had."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelWriter:
    """Through a language model."""

    calls: Calls
    makes_whole: bool = True
    """Whether follow-ups are offered to the model too."""

    async def write(self, answer: Answer, asker: Asker) -> AsyncGenerator[Answer, None]:
        if not answer.answered or not answer.citations or answer.text.startswith(PREMISE):
            return
        try:
            async with aclosing(self._grown(answer, asker)) as states:
                async for state in states:
                    yield state
        except ModelTrouble as error:
            self.calls.counters.troubles[error.trouble] += 1
            logger.info("quoted instead of written: %s (%s)", error.trouble, error)
            yield answer

    async def whole(self, question: str, previous: Sequence[Turn], asker: Asker) -> str | None:
        if not previous or not self.makes_whole:
            return None
        return await Proposals(calls=self.calls).whole(question, previous, asker)

    async def _grown(self, answer: Answer, asker: Asker) -> AsyncGenerator[Answer, None]:
        cited = dict(enumerate(answer.citations, 1))
        texts = [answer.question]
        texts += [words for one in cited.values() for words in (one.document, one.quote)]
        if any(map(gives_orders, texts)):
            raise ModelTrouble(Trouble.SUSPICIOUS)
        sources = {
            number: Source(heading=one.document, text=one.quote) for number, one in cited.items()
        }
        draft = _Draft(sources)
        started = self.calls.monotonic()
        prompt = answer_prompt(answer.question, cited)
        said_first = 0.0
        try:
            async with aclosing(self.calls.words(prompt, asker)) as words:
                async for text in words:
                    if await draft.read(text):
                        said_first = said_first or self.calls.monotonic() - started
                        yield replace(answer, text=draft.shown)
            await draft.end()
        finally:
            self.calls.counters.dropped.update(draft.faults)
        await asyncio.to_thread(draft.judge, answer)
        self.calls.counters.written += 1
        self.calls.counters.first_words_s += said_first or self.calls.monotonic() - started
        yield replace(answer, text=draft.shown)


class _Draft:
    """What a model has said so far, and which of it may be shown."""

    def __init__(self, sources: dict[int, Source]) -> None:
        self._sources = sources
        self._read = 0
        self._kept: list[Said] = []
        self.text = ""
        self.faults: list[str] = []

    @property
    def shown(self) -> str:
        return "".join(_shown(said) for said in self._kept)

    async def read(self, text: str) -> bool:
        """Check the sentences that are whole by now; True when there is more to show."""
        self.text = text
        return await self._read_on(is_over=False)

    async def end(self) -> None:
        """Nothing more comes: what is left is a sentence too."""
        await self._read_on(is_over=True)

    async def _read_on(self, *, is_over: bool) -> bool:
        whole, rest = sentences_in(self.text[self._read :], is_over=is_over)
        self._read = len(self.text) - len(rest)
        return bool(whole) and await asyncio.to_thread(self._check, whole)

    def _check(self, whole: Sequence[str]) -> bool:
        kept = len(self._kept)
        for sentence in whole:
            said = read_sentence(neutral(sentence))
            if fault := fault_of(said, self._sources):
                self.faults.append(fault)
            elif said not in self._kept:
                self._kept.append(said)
        return len(self._kept) > kept

    def judge(self, answer: Answer) -> None:
        """Raises ``ModelTrouble`` where the quoted answer says more, or most had to be dropped."""
        if not self._kept or len(self.faults) > len(self._kept):
            raise ModelTrouble(Trouble.UNSUPPORTED, ",".join(self.faults))
        heard = {self._of(number) for said in self._kept for number in said.numbers}
        everyone = {source.heading for source in self._sources.values()}
        if heard != everyone or not _keeps(answer, self.shown):
            raise ModelTrouble(Trouble.INCOMPLETE)

    def _of(self, number: int) -> str:
        return self._sources[number].heading


def _keeps(answer: Answer, shown: str) -> bool:
    """Whether what was asked for is still there; of a table's row nearly every cell is."""
    is_row = len(_CELL.findall(answer.text)) >= LEAST_CELLS
    least = LEAST_OF_ROW if is_row else 0.0 if answer.facts else LEAST_KEPT
    kept = all(is_kept(fact, shown) for fact in answer.facts)
    return kept and share_of(answer.text, shown) >= least


def _shown(said: Said) -> str:
    stop = said.text[-1] if said.text[-1] in "。！？!?" else "。"
    marks = "".join(f"[{number}]" for number in said.numbers)
    return f"{said.text.rstrip('。！？!?')}{marks}{stop}"
