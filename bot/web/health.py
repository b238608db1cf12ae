"""/healthz, /readyz and /metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.channels.base import Channel, Health
from bot.messages import ChannelName
from bot.model_writer import ModelUsage
from knowledge.library import Library
from store.engine import Store
from store.models import Delivery, InboxMessage
from store.models_questions import Question


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPages:
    """Says how things are, to machines and to whoever installs."""

    store: Store
    library: Library
    channels: Mapping[ChannelName, Channel]
    loops: Callable[[], Health]
    usage: ModelUsage
    arrived: Callable[[], Iterable[tuple[ChannelName, Mapping[str, int]]]] = tuple
    """What came in through callbacks, by channel and kind."""
    calendar: Callable[[], str | None] = _nothing
    """What is not known about working days, in Chinese; None when all is known."""

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._metrics)

    async def state(self) -> Mapping[str, Health]:
        """Store, index, loops and each channel."""
        missing = self.library.missing_vectors
        index = f"{len(self.library.documents)} 份文件"
        if missing:
            index += f"，还有 {missing} 段正在做向量，先按字词查找"
        if self.library.trouble:
            index += f"。{self.library.trouble}"
        warning = self.calendar()
        return {
            **({"calendar": Health(is_ready=True, detail=warning)} if warning else {}),
            "store": await self._store_health(),
            "index": Health(is_ready=True, detail=index),
            "loops": self.loops(),
            **{name.value: channel.health() for name, channel in self.channels.items()},
        }

    async def _store_health(self) -> Health:
        try:
            await self.store.read(lambda session: session.scalar(select(1)))
        except OSError as error:
            return Health(is_ready=False, detail=f"数据库打不开：{error.strerror}")
        return Health(is_ready=True)

    async def _alive(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, request: web.Request) -> web.Response:
        state = await self.state()
        body = {name: {"ready": one.is_ready, "detail": one.detail} for name, one in state.items()}
        is_ready = all(one.is_ready for one in state.values())
        return web.json_response({"ready": is_ready, **body}, status=200 if is_ready else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        lines = await self.store.read(_counted)
        lines.append(f"yaodian_documents {len(self.library.documents)}")
        lines.append(f"yaodian_windows_without_vector {self.library.missing_vectors}")
        lines += [
            f'yaodian_callbacks{{channel="{name}",kind="{kind}"}} {count}'
            for name, counts in self.arrived()
            for kind, count in sorted(counts.items())
        ]
        lines += await self.usage.lines()
        return web.Response(text="\n".join(lines) + "\n")


def _counted(session: Session) -> list[str]:
    lines = []
    for name, column in (
        ("yaodian_messages", InboxMessage.state),
        ("yaodian_deliveries", Delivery.state),
        ("yaodian_questions", Question.state),
    ):
        rows = session.execute(select(column, func.count()).group_by(column))
        lines += [f'{name}{{state="{state}"}} {count}' for state, count in rows]
    answered = session.execute(select(func.count(), func.sum(Question.elapsed_ms)))
    count, total = answered.one()
    lines.append(f"yaodian_answer_seconds_count {count}")
    lines.append(f"yaodian_answer_seconds_sum {(total or 0) / 1000:.6f}")
    return lines
