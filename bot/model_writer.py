"""The configured language model, on the store's accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.config import ModelSettings
from knowledge.writer import ModelWriter
from knowledge.writer_calls import Calls
from knowledge.writer_limits import Asker, Limits, Trouble, Usage
from knowledge.writer_model import LangChainModel, ModelPlace
from knowledge.writer_proposals import Proposals
from store import usage
from store.engine import Store

_MILLION = 1_000_000
_FAULTY = "模型服务出错或连不上，过一会儿会自动再试"
SAID = dict.fromkeys(Trouble, _FAULTY) | {
    Trouble.UNAUTHORISED: "密钥、权限或模型名不对，请核对 [model]",
    Trouble.NO_MONEY: "账户余额不足，请充值",
    Trouble.RATE_LIMITED: "请求太频繁，服务商限流了",
    Trouble.TIMEOUT: "模型太慢，没有在规定时间内答完",
    Trouble.REJECTED: "服务商不接受请求，请核对模型名和 base_url",
}
"""Why the model is left alone for a while."""


@dataclass(frozen=True, slots=True)
class StoredLedger:
    """The writer's ``UsageLedger``."""

    store: Store

    async def reserve(self, asker: Asker, day: date, tokens: int, limits: Limits) -> bool:
        payers = _payers(asker, limits)
        return await self.store.write(lambda session: usage.reserve(session, day, payers, tokens))

    async def settle(self, asker: Asker, day: date, reserved: int, used: Usage) -> None:
        payers = [payer for payer, _ in _payers(asker, Limits())]

        def work(session: Session) -> None:
            usage.settle(
                session,
                day,
                payers,
                reserved,
                prompt_tokens=used.prompt_tokens,
                completion_tokens=used.completion_tokens,
            )

        await self.store.write(work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the model was used for today and this month; ``yuan`` as far as prices are known."""

    today: usage.Total
    month: usage.Total
    yuan: float


def make_writer(settings: ModelSettings, store: Store, zone: ZoneInfo) -> ModelWriter | None:
    """The writer that is configured, if one is; nothing is opened or sent before a question."""
    if settings.name is None:
        return None
    limits = Limits(
        call_s=settings.timeout_s,
        silence_s=settings.timeout_s / 2,
        at_once=settings.at_once,
        person_tokens=settings.person_tokens,
        unit_tokens=settings.unit_tokens,
        day_tokens=settings.day_tokens,
    )
    calls = Calls(
        model=LangChainModel(model_place(settings), limits),
        ledger=StoredLedger(store),
        today=lambda: datetime.now(zone).date(),
        limits=limits,
        logs_words=settings.logs_words,
    )
    return ModelWriter(calls=calls, makes_whole=settings.makes_whole)


def make_proposals(writer: ModelWriter | None) -> Proposals | None:
    """What the configured model may propose, on the same accounts."""
    return None if writer is None else Proposals(calls=writer.calls)


def model_place(settings: ModelSettings) -> ModelPlace:
    """Where the configured model is."""
    return ModelPlace(
        name=settings.name or "",
        base_url=settings.base_url,
        api_key=settings.api_key.get_secret_value() if settings.api_key else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsage:
    """What the model was used for, for the admin's eyes."""

    settings: ModelSettings
    store: Store
    zone: ZoneInfo
    writer: ModelWriter | None = None

    async def spent(self) -> Spent:
        """From the accounts of all replicas."""
        today = datetime.now(self.zone).date()
        return await self.store.read(lambda session: self._spent(session, today))

    async def by_day(self, days: int) -> Sequence[tuple[date, int]]:
        """Tokens of each of the last ``days``, today the last."""
        today = datetime.now(self.zone).date()
        first = today - timedelta(days=days - 1)
        rows = await self.store.read(lambda session: usage.by_day(session, first, today))
        used = {row.day: row.prompt_tokens + row.completion_tokens for row in rows}
        every = [first + timedelta(days=n) for n in range(days)]
        return [(day, used.get(day, 0)) for day in every]

    async def forget_past(self) -> None:
        """Drop accounts that nobody needs any more."""
        today = datetime.now(self.zone).date()
        await self.store.write(lambda session: usage.forget(session, today))

    async def lines(self) -> list[str]:
        """As Prometheus reads them: the store's accounts, and this process's counters."""
        if self.writer is None:
            return []
        spent = await self.spent()
        return [
            f'yaodian_model_tokens_today{{kind="prompt"}} {spent.today.prompt_tokens}',
            f'yaodian_model_tokens_today{{kind="completion"}} {spent.today.completion_tokens}',
            f"yaodian_model_calls_today {spent.today.calls}",
            f"yaodian_model_yuan_this_month {spent.yuan:.4f}",
            f"yaodian_model_resting {int(self.writer.calls.breaker.is_open)}",
            *self.writer.calls.counters.lines(),
        ]

    async def said(self) -> list[str]:
        """In Chinese, for whoever looks after the machine; empty without a model."""
        if self.writer is None:
            return []
        spent = await self.spent()
        breaker, counters = self.writer.calls.breaker, self.writer.calls.counters
        lines = [
            f"今天调用 {spent.today.calls} 次，{spent.today.total} 个 token；"
            f"本月 {spent.month.calls} 次，{spent.month.total} 个"
            + (f"，约 {spent.yuan:.2f} 元" if spent.yuan else "")
        ]
        if counters.written or counters.troubles:
            quoted = sum(counters.troubles.values())
            lines.append(f"这次启动以来：改写 {counters.written} 次，改用原文 {quoted} 次")
        if breaker.last is not None:
            lines.append(f"最近停用过，原因：{SAID[breaker.last]}")
        return lines

    def _spent(self, session: Session, today: date) -> Spent:
        month = usage.total(session, today.replace(day=1), today)
        prices = self.settings.prompt_price, self.settings.completion_price
        yuan = month.prompt_tokens * prices[0] + month.completion_tokens * prices[1]
        return Spent(today=usage.total(session, today, today), month=month, yuan=yuan / _MILLION)


def _payers(asker: Asker, limits: Limits) -> Sequence[tuple[str, int | None]]:
    payers: list[tuple[str, int | None]] = [(usage.EVERYONE, limits.day_tokens)]
    if asker.unit is not None:
        payers.append((asker.unit, limits.unit_tokens))
    if asker.person is not None:
        payers.append((asker.person, limits.person_tokens))
    return payers
