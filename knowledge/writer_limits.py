"""What a language model may cost, how it fails, and when it is left alone for a while."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol


class Trouble(StrEnum):
    """Why a question got its quoted answer although a model is configured."""

    UNAUTHORISED = "unauthorised"
    """401, 403, 404: the key, its rights or the name of the model are wrong."""
    NO_MONEY = "no_money"
    RATE_LIMITED = "rate_limited"
    SERVER = "server"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CUT = "cut"
    """The stream broke off, or ended without saying that it is complete."""
    MALFORMED = "malformed"
    REFUSED = "refused"
    """The provider's filter said no."""
    REJECTED = "rejected"
    """400 and the like: the request itself is not taken."""
    ENDLESS = "endless"
    EMPTY = "empty"
    UNSUPPORTED = "unsupported"
    """Too little was left after the check."""
    INCOMPLETE = "incomplete"
    """A fact that the quoted answer states is missing."""
    SUSPICIOUS = "suspicious"
    """The question or a passage gives orders to a model; nothing was sent."""
    BUDGET = "budget"
    BUSY = "busy"
    RESTING = "resting"
    """The breaker is open."""


class ModelTrouble(Exception):
    """A call failed; ``rest_s`` is how long the provider asked to be left alone."""

    def __init__(self, trouble: Trouble, message: str = "", *, rest_s: float | None = None) -> None:
        super().__init__(message or trouble.value)
        self.trouble = trouble
        self.rest_s = rest_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Whose budget a call is on: names that mean something to the ledger only; None: no limit."""

    person: str | None = None
    unit: str | None = None


NOBODY = Asker()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call, as the provider counted them, or as estimated where it did not."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def total(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of all calls together. Tokens are per calendar day; None is without a limit."""

    call_s: float = 20.0
    silence_s: float = 10.0
    """The longest wait for the first words, between words, and for a whole proposal."""
    at_once: int = 4
    answer_tokens: int = 600
    answer_chars: int = 1500
    person_tokens: int | None = 60_000
    unit_tokens: int | None = 600_000
    day_tokens: int | None = 3_000_000


class UsageLedger(Protocol):
    """Keeps tokens per day and payer, for all replicas together."""

    async def reserve(self, asker: Asker, day: date, tokens: int, limits: Limits) -> bool:
        """Count ``tokens`` for all who pay, unless one of them would pass its limit."""
        ...

    async def settle(self, asker: Asker, day: date, reserved: int, used: Usage) -> None:
        """Put what was used in the place of what was reserved."""
        ...


_LONG_REST_S = 600.0
_SHORT_REST_S = 30.0
_FAILURES = 3
_RESTS: dict[Trouble, float] = {
    Trouble.UNAUTHORISED: _LONG_REST_S,
    Trouble.NO_MONEY: _LONG_REST_S,
    Trouble.RATE_LIMITED: _SHORT_REST_S,
}
_COUNTED = frozenset(
    {Trouble.SERVER, Trouble.UNREACHABLE, Trouble.TIMEOUT, Trouble.CUT, Trouble.MALFORMED,
     Trouble.REJECTED, Trouble.ENDLESS, Trouble.EMPTY}
)  # fmt: skip


@dataclass(slots=True)
class Breaker:
    """Leaves a failing provider alone; after the rest one call may try, and the rest doubles."""

    monotonic: Callable[[], float]
    _failures: int = 0
    _rest_s: float = _SHORT_REST_S
    _until: float = 0.0
    _is_trying: bool = False
    last: Trouble | None = None

    @property
    def is_open(self) -> bool:
        return self.monotonic() < self._until or self._is_trying

    def let_through(self) -> bool:
        """Whether a call may be made now."""
        if self.is_open:
            return False
        self._is_trying = self._until > 0
        return True

    def succeeded(self) -> None:
        self._failures, self._rest_s, self._until = 0, _SHORT_REST_S, 0.0
        self._is_trying, self.last = False, None

    def gave_up(self) -> None:
        """The call ended without saying anything about the provider."""
        self._is_trying = False

    def failed(self, error: ModelTrouble) -> None:
        was_trying, self._is_trying = self._is_trying, False
        if error.trouble in _RESTS:
            asked = error.rest_s if error.rest_s is not None else _RESTS[error.trouble]
            self._rest(min(max(asked, 1.0), _LONG_REST_S), error.trouble)
        elif error.trouble in _COUNTED:
            self._failures += 1
            if was_trying or self._failures >= _FAILURES:
                self._rest(self._rest_s, error.trouble)
                self._rest_s = min(self._rest_s * 2, _LONG_REST_S)

    def _rest(self, seconds: float, trouble: Trouble) -> None:
        self._until = self.monotonic() + seconds
        self.last = trouble


@dataclass(slots=True)
class Counters:
    """For the admin's eyes: what became of answers, and how soon their first words came."""

    written: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    """Sentences not shown, by fault."""
    troubles: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_words_s: float = 0.0
    """Sum over ``written``."""

    def lines(self) -> list[str]:
        """As Prometheus reads them."""
        lines = [
            f"yaodian_model_answers_written_total {self.written}",
            f"yaodian_model_first_words_seconds_sum {self.first_words_s:.6f}",
            f"yaodian_model_first_words_seconds_count {self.written}",
            f'yaodian_model_tokens_total{{kind="prompt"}} {self.prompt_tokens}',
            f'yaodian_model_tokens_total{{kind="completion"}} {self.completion_tokens}',
        ]
        lines += [
            f'yaodian_model_fallbacks_total{{why="{why}"}} {n}'
            for why, n in sorted(self.troubles.items())
        ]
        return lines + [
            f'yaodian_model_sentences_dropped_total{{why="{why}"}} {n}'
            for why, n in sorted(self.dropped.items())
        ]
