"""What ``indicators`` and ``proof`` ask for; files are read and written where they run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from bot.control import Operations
from bot.errors import UsageError
from handlers.people.actions import operator
from handlers.reports import indicator_wording as wording
from handlers.reports.indicator_views import IndicatorRow, Standing
from handlers.reports.indicators import Indicators
from handlers.reports.proofs import Proofs

R = TypeVar("R", bound="_Request")


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Nothing(_Request):
    pass


class _Import(_Request):
    path: str
    name: str = ""
    period: str = ""
    is_dry_run: bool = False


class _Show(_Request):
    tree: str = ""
    unit: str = ""
    path: str | None = None


class _Proof(_Request):
    kind: str
    id: int
    unit: str = ""
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDesk:
    """The one who types is the operator."""

    indicators: Indicators
    proofs: Proofs
    is_ranked: bool

    def operations(self) -> Operations:
        """By the names that the command line uses."""
        return {
            "indicators.import": lambda values, exchange: self._import(_read(_Import, values)),
            "indicators.list": lambda values, exchange: self._list(_read(_Nothing, values)),
            "indicators.show": lambda values, exchange: self._show(_read(_Show, values)),
            "indicators.export": lambda values, exchange: self._export(_read(_Show, values)),
            "proof": lambda values, exchange: self._proof(_read(_Proof, values)),
        }

    async def _import(self, request: _Import) -> JsonValue:
        content = await _content(request.path)
        actor, name = operator(), Path(request.path).name
        offer = await self.indicators.offer(
            actor, name, content, name=request.name, period=request.period
        )
        if not offer.errors and not request.is_dry_run:
            await self.indicators.take_over(
                actor, name, content, name=request.name, period=request.period
            )
        return {
            "name": offer.name,
            "levels": list(offer.levels),
            "points": offer.full / 100,
            "words": wording.offered(offer),
            "errors": list(offer.errors),
        }

    async def _list(self, request: _Nothing) -> JsonValue:
        return [
            {
                "name": one.name,
                "unit": one.unit,
                "first": one.first.isoformat(),
                "last": one.last.isoformat(),
                "levels": list(one.levels),
                "points": one.full / 100,
            }
            for one in await self.indicators.trees(operator())
        ]

    async def _show(self, request: _Show) -> JsonValue:
        standing = await self.indicators.standing(operator(), request.tree, request.unit)
        return standing_json(standing)

    async def _export(self, request: _Show) -> JsonValue:
        from handlers.reports.xlsx import tables_workbook

        standings = await self.indicators.comparison(operator(), request.tree)
        tables = [wording.comparison_table(standings, is_ranked=self.is_ranked)]
        tables += [wording.table(one) for one in standings]
        content = await asyncio.to_thread(tables_workbook, tables)
        return await _written(request.path or "indicators.xlsx", content)

    async def _proof(self, request: _Proof) -> JsonValue:
        if request.kind == "task":
            bundle = await self.proofs.of_task(operator(), request.id)
        else:
            bundle = await self.proofs.of_indicator(operator(), request.id, request.unit)
        return await _written(request.path, bundle.content)


def standing_json(standing: Standing) -> dict[str, JsonValue]:
    """A unit on a tree; ``score`` is null where there is no result."""
    return {
        "tree": standing.tree,
        "unit": standing.unit,
        "first": standing.first.isoformat(),
        "last": standing.last.isoformat(),
        "score": standing.total / 100,
        "of_filled": standing.full_of_filled / 100,
        "of": standing.full / 100,
        "missing": [one.id for one in standing.missing],
        "indicators": [_row_json(one) for one in standing.rows],
        "words": wording.stood(standing),
    }


def _row_json(one: IndicatorRow) -> dict[str, JsonValue]:
    return {
        "id": one.id,
        "level": one.level,
        "title": one.title,
        "way": one.way.value,
        "score": None if one.score is None else one.score / 100,
        "of": None if one.full is None else one.full / 100,
        "count": one.count,
        "target": one.target,
        "records": list(one.record_ids),
    }


def _read(kind: type[R], values: object) -> R:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise UsageError("bad arguments", reply="命令的写法不对，请加 -h 看用法。") from error


async def _content(path: str) -> bytes:
    try:
        return await asyncio.to_thread(Path(path).read_bytes)
    except OSError as error:
        reply = f"文件读不到（{error.strerror}）：{path}"
        raise UsageError("cannot read", reply=reply) from error


async def _written(path: str, content: bytes) -> JsonValue:
    def write() -> None:
        target = Path(path)
        target.write_bytes(content)
        target.chmod(0o600)

    try:
        await asyncio.to_thread(write)
    except OSError as error:
        reply = f"文件写不进去（{error.strerror}）：{path}"
        raise UsageError("cannot write", reply=reply) from error
    return {"path": path, "bytes": len(content)}
