"""What a model may propose besides wording: each proposal is checked, read again, and confirmed.

None of this is ever acted on: a whole question goes through the same search, a plain sentence
through the deterministic reader, a picked duty to the person who confirms the draft.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from knowledge.model import Turn
from knowledge.prompts import (
    Prompt,
    gives_orders,
    neutral,
    pick_prompt,
    plain_prompt,
    whole_prompt,
)
from knowledge.support import adds_nothing, share_of
from knowledge.support_facts import tokens_in
from knowledge.writer_calls import Calls
from knowledge.writer_limits import Asker, ModelTrouble, Trouble

logger = logging.getLogger(__name__)

MAX_QUESTION_CHARS = 80
MAX_TEXT_CHARS = 2000
LEAST_OF_QUESTION = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    """Every method returns nothing where the model fails or goes beyond what it was given."""

    calls: Calls

    async def whole(self, question: str, previous: Sequence[Turn], asker: Asker) -> str | None:
        """A follow-up as a question that stands alone."""
        said = "\n".join([question, *(f"{turn.user}\n{turn.bot}" for turn in previous)])
        if gives_orders(said):
            self._failed(ModelTrouble(Trouble.SUSPICIOUS))
            return None
        text = await self._text(whole_prompt(question, previous), asker)
        if text is None or "\n" in text or not 0 < len(text) <= MAX_QUESTION_CHARS:
            return None
        return text if await asyncio.to_thread(_is_whole, text, question, said) else None

    async def plain(self, text: str, asker: Asker) -> str | None:
        """What a person reported, in sentences that the reader of records can read."""
        if len(text) > MAX_TEXT_CHARS or gives_orders(text):
            self._failed(ModelTrouble(Trouble.SUSPICIOUS))
            return None
        reworded = await self._text(plain_prompt(text), asker)
        if reworded is None or not await asyncio.to_thread(_says_the_same, reworded, text):
            return None
        return reworded

    async def duties(self, passage: str, asker: Asker) -> tuple[str, ...] | None:
        """Sentences of a passage that ask for something, word for word, in reading order.

        None where the model did not answer; a passage that speaks to a model is never sent.
        """
        if len(passage) > MAX_TEXT_CHARS or gives_orders(passage):
            self._failed(ModelTrouble(Trouble.SUSPICIOUS))
            return ()
        text = await self._text(pick_prompt(passage), asker)
        if text is None:
            return None
        lines = dict.fromkeys(line.strip() for line in text.splitlines())
        found = [line for line in lines if len(line) > 1 and line in passage]
        return tuple(sorted(found, key=passage.index))

    async def _text(self, prompt: Prompt, asker: Asker) -> str | None:
        text = ""
        try:
            async with (
                asyncio.timeout(self.calls.limits.silence_s),
                aclosing(self.calls.words(prompt, asker)) as words,
            ):
                async for so_far in words:
                    text = so_far
        except ModelTrouble as error:
            self._failed(error)
            return None
        except TimeoutError:
            self._failed(ModelTrouble(Trouble.TIMEOUT))
            return None
        return neutral(text).strip()

    def _failed(self, error: ModelTrouble) -> None:
        self.calls.counters.troubles[error.trouble] += 1
        logger.info("no proposal: %s (%s)", error.trouble, error)


def _is_whole(text: str, question: str, said: str) -> bool:
    return share_of(question, text) >= LEAST_OF_QUESTION and adds_nothing(text, said)


def _says_the_same(reworded: str, text: str) -> bool:
    return tokens_in(reworded) == tokens_in(text) and adds_nothing(reworded, text)
