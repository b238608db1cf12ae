"""/healthz, /readyz and /metrics."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.base import Channel, Health
from bot.messages import ChannelName
from bot.model_writer import ModelUsage
from bot.ticking import Ticking
from bot.web import metrics
from knowledge.library import Library
from store.engine import Store
from store.gauges import gauges

logger = logging.getLogger(__name__)


def _nothing() -> None:
    return None


async def _no_health() -> Mapping[str, Health]:
    return {}


async def _no_families() -> Sequence[metrics.Family]:
    return ()


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
    refusals: Mapping[str, int] = field(default_factory=dict)
    """Of what people say, by reason."""
    calendar: Callable[[], str | None] = _nothing
    """What is not known about working days, in Chinese; None when all is known."""
    machine: Callable[[], Awaitable[Mapping[str, Health]]] = _no_health
    """The disk and the backups."""
    more: Callable[[], Awaitable[Sequence[metrics.Family]]] = _no_families
    ticking: Ticking = field(default_factory=Ticking)

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
        store = await self._store_health()
        return {
            **({"calendar": Health(is_ready=True, detail=warning)} if warning else {}),
            "store": store,
            "index": Health(is_ready=True, detail=index),
            "loops": self.loops(),
            **self.ticking.health(),
            **(await self.machine() if store.is_ready else {}),
            **{name.value: channel.health() for name, channel in self.channels.items()},
        }

    async def _store_health(self) -> Health:
        try:
            await self.store.read(lambda session: session.scalar(select(1)))
        except OSError as error:
            return Health(is_ready=False, detail=f"数据库打不开：{error.strerror}")
        except SQLAlchemyError as error:
            logger.warning("the store does not answer: %s", type(error).__name__)
            return Health(is_ready=False, detail="数据库不答复，请看看磁盘和数据库服务。")
        return Health(is_ready=True)

    async def _alive(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, request: web.Request) -> web.Response:
        state = await self.state()
        body = {name: {"ready": one.is_ready, "detail": one.detail} for name, one in state.items()}
        is_ready = all(one.is_ready for one in state.values())
        return web.json_response({"ready": is_ready, **body}, status=200 if is_ready else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        counted = await self.store.read(lambda session: gauges(session, metrics.ANSWER_BOUNDS_S))
        arrived = [
            ({"channel": str(name), "kind": kind}, float(count))
            for name, counts in self.arrived()
            for kind, count in sorted(counts.items())
        ]
        is_ready = [
            ({"part": name}, float(one.is_ready)) for name, one in (await self.state()).items()
        ]
        families = [
            *metrics.store_families(counted),
            metrics.one("yaodian_documents", "Documents in use.", len(self.library.documents)),
            metrics.one("yaodian_windows_without_vector", "Found by words only, as yet.",
                        self.library.missing_vectors),
            metrics.Family(name="yaodian_callbacks", samples=arrived,
                           meaning="What platforms called back with, refusals among it."),
            metrics.Family(name="yaodian_refusals", kind="counter",
                           meaning="What people said and were refused, since the start.",
                           samples=[({"why": why}, float(n))
                                    for why, n in sorted(self.refusals.items())]),
            metrics.Family(name="yaodian_ready", samples=is_ready,
                           meaning="1 where /readyz is content."),
            *await self.more(),
            *self.ticking.families(),
        ]  # fmt: skip
        lines = metrics.text(families)
        lines += await self.usage.lines()
        return web.Response(text="\n".join(lines) + "\n")
