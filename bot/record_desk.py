"""What ``records export``, ``report`` and ``people`` ask for; files are written where they run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from bot.control import Operations
from bot.errors import UsageError
from handlers.people.actions import operator
from handlers.records.erasing import Erasing
from handlers.records.form_bundle import FormBundles
from handlers.records.personal import Personal
from handlers.reports.actions import Form, Reports
from handlers.reports.period import read_period

R = TypeVar("R", bound="_Request")


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Export(_Request):
    path: str
    type: str | None = None
    first: date | None = None
    last: date | None = None


class _Report(_Request):
    unit: str
    period: str
    path: str
    type: str | None = None


class _Bundle(_Request):
    type: str
    path: str


class _Person(_Request):
    name: str
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDesk:
    """The one who types is the operator."""

    reports: Reports
    personal: Personal
    erasing: Erasing
    bundles: FormBundles

    def operations(self) -> Operations:
        """By the names that the command line uses."""
        return {
            "records.export": lambda values, exchange: self._export(_read(_Export, values)),
            "records.bundle": lambda values, exchange: self._bundle(_read(_Bundle, values)),
            "report": lambda values, exchange: self._report(_read(_Report, values)),
            "people.export": lambda values, exchange: self._export_person(_read(_Person, values)),
            "people.erase": lambda values, exchange: self._erase(_read(_Person, values)),
        }

    async def _export(self, request: _Export) -> JsonValue:
        content = await self.reports.ledger(
            operator(), type_name=request.type, first=request.first, last=request.last
        )
        return await _written(request.path, content)

    async def _bundle(self, request: _Bundle) -> JsonValue:
        type_ = self.bundles.book.types.named(request.type)
        if type_ is None:
            raise UsageError("no such type", reply=f"没有“{request.type}”这一种填报，请核对名称。")
        bundle = await self.bundles.of(operator(), type_)
        return await _written(request.path, bundle.content)

    async def _report(self, request: _Report) -> JsonValue:
        period = read_period(request.period, self.reports.today())
        if period is None:
            reply = f"没看懂期间“{request.period}”。可以写：2026年9月、上月、第三季度、2026年。"
            raise UsageError("unreadable period", reply=reply)
        try:
            form = Form(Path(request.path).suffix.lstrip(".").lower())
        except ValueError as error:
            reply = "文件名要以 .xlsx、.docx 或 .png 结尾。"
            raise UsageError("unknown kind of file", reply=reply) from error
        report = await self.reports.report(operator(), request.unit, period, type_name=request.type)
        return await _written(request.path, await self.reports.made(report, form))

    async def _export_person(self, request: _Person) -> JsonValue:
        member_id = await self.personal.member_named(operator(), request.name)
        content = await self.personal.export(operator(), member_id)
        return await _written(request.path or f"{request.name}.zip", content)

    async def _erase(self, request: _Person) -> JsonValue:
        member_id = await self.personal.member_named(operator(), request.name)
        return await self.erasing.erase(operator(), member_id)


def _read(kind: type[R], values: object) -> R:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        reply = "命令的写法不对，日期请写成 2026-09-01。"
        raise UsageError("bad arguments", reply=reply) from error


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
