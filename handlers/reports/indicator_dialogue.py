"""/指标, and a sheet of indicators that is sent: look, rate, take over after a yes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import PurePath

from sqlalchemy.orm import Session

from bot.arguments import Arguments
from bot.errors import NotFound, UsageError
from bot.messages import Attachment, IncomingMessage, MessageKind, Reply
from bot.routing import Pass
from handlers.access import Act, Actor
from handlers.confirmations import Confirmations, Values
from handlers.people.actions import People
from handlers.reports import indicator_wording as wording
from handlers.reports.cells import Table
from handlers.reports.indicator_sheet import has_indicators
from handlers.reports.indicators import XLSX, Indicators
from store import blobs

Fetch = Callable[[IncomingMessage, Attachment, int], Awaitable[bytes]]
_LIMIT_BYTES = 5 * 2**20
_SCORE = re.compile(r"(\d{1,4}(?:\.\d{1,2})?)\s*分?")
_DEED = "indicators.import"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorsDialogue:
    """Built once, in ``bot.app``. ``is_ranked``: units are shown in an order of merit."""

    indicators: Indicators
    people: People
    confirmations: Confirmations
    fetch: Fetch
    is_ranked: bool

    def __post_init__(self) -> None:
        self.confirmations.on(_DEED, self._take)

    async def command(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """/指标 [评, 导出, 对比 or 编号] …."""
        actor = await self.people.actor(message.sender)
        match list(arguments.words):
            case []:
                return Reply(text=wording.listed(await self.indicators.trees(actor)))
            case ["评" | "评分", *words]:
                return await self._rate(actor, words)
            case ["导出" | "表格", *words]:
                return await self._export(actor, words)
            case ["对比" | "排名" | "各单位", *words]:
                return await self._compare(actor, " ".join(words))
            case ["导入", *_]:
                return Reply(text=wording.HOW)
            case [number, *words] if re.fullmatch(r"#?\d{1,9}", number):
                view = await self.indicators.look(actor, _id(number), " ".join(words))
                return Reply(text=wording.looked(view), is_private=True)
            case words:
                tree, unit = await self._tree_and_unit(actor, words)
                standing = await self.indicators.standing(actor, tree, unit)
                return Reply(text=wording.stood(standing), is_private=True)

    async def file(self, message: IncomingMessage, arguments: Arguments) -> Reply:
        """A sheet of indicators from somebody who keeps them; anything else passes on."""
        actor = await self.people.actor(message.sender)
        if not actor.may(Act.MANAGE_INDICATORS) or len(message.attachments) != 1:
            raise Pass
        attachment = message.attachments[0]
        if (attachment.size_bytes or 0) > _LIMIT_BYTES:
            raise Pass
        content = await self._content(message, attachment)
        if not await _is_ours(content):
            raise Pass
        offer = await self.indicators.offer(actor, attachment.name, content)
        if offer.errors:
            lines = "\n".join(f"- {one}" for one in offer.errors[:12])
            return Reply(text=f"这张指标表有 {len(offer.errors)} 处要改，一项也没有导入：\n{lines}")
        values = {"blob": await self._kept(content), "name": attachment.name}
        return await self.confirmations.ask(
            message, _DEED, values, title=f"导入指标《{offer.name}》", body=wording.offered(offer)
        )

    async def _take(self, actor: Actor, values: Values) -> Reply:
        blob = str(values["blob"])
        row = await self.indicators.store.read(lambda session: blobs.get(session, blob))
        if row is None:
            raise UsageError("a blob is gone", reply="文件不在了，请重新发一次。")
        view = await self.indicators.take_over(actor, str(values["name"]), row.bytes)
        return Reply(text=wording.taken(view))

    async def _rate(self, actor: Actor, words: list[str]) -> Reply:
        """编号 单位 分数 [说明]."""
        how = "请这样写：/指标 评 编号 单位 分数 说明，例如 /指标 评 12 云溪县第二中学 8.5 记录齐全"
        scores = [at for at, one in enumerate(words) if at >= 2 and _SCORE.fullmatch(one)]
        if not scores or not re.fullmatch(r"#?\d{1,9}", words[0]):
            raise UsageError("no score", reply=how)
        at = scores[0]
        found = _SCORE.fullmatch(words[at])
        assert found is not None  # noqa: S101 - it was chosen for that
        view = await self.indicators.rate(
            actor,
            _id(words[0]),
            " ".join(words[1:at]),
            round(float(found[1]) * 100),
            " ".join(words[at + 1 :])[:500],
        )
        text = f"记下了。\n{wording.looked(view)}"
        return Reply(text=text, is_private=True)

    async def _export(self, actor: Actor, words: list[str]) -> Reply:
        tree, unit = await self._tree_and_unit(actor, words)
        standing = await self.indicators.standing(actor, tree, unit)
        name = f"{standing.unit}{standing.tree}得分.xlsx"
        return await self._sheet(wording.stood(standing), name, [wording.table(standing)])

    async def _compare(self, actor: Actor, tree: str) -> Reply:
        standings = await self.indicators.comparison(actor, tree)
        text = wording.compared(standings, is_ranked=self.is_ranked)
        if not standings:
            return Reply(text=text)
        tables = [wording.comparison_table(standings, is_ranked=self.is_ranked)]
        tables += [wording.table(one) for one in standings]
        return await self._sheet(text, f"{standings[0].tree}各单位得分.xlsx", tables)

    async def _sheet(self, text: str, name: str, tables: list[Table]) -> Reply:
        from asyncio import to_thread

        from handlers.reports.xlsx import tables_workbook

        content = await to_thread(tables_workbook, tables)
        file = Attachment(
            name=name,
            media_type=XLSX,
            blob=await self._kept(content),
            size_bytes=len(content),
        )
        return Reply(text=text, attachments=(file,), is_private=True)

    async def _tree_and_unit(self, actor: Actor, words: list[str]) -> tuple[str, str]:
        """Some words name the tree, some the unit; either may be left out."""
        if not words:
            return "", ""
        names = [one.name for one in await self.indicators.trees(actor)]
        if not names:
            raise NotFound("no tree", reply=wording.NONE)
        said = " ".join(words)
        if any(said.strip("《》") in name for name in names):
            return said.strip("《》"), ""
        first = words[0].strip("《》")
        if len(words) > 1 and any(first in name for name in names):
            return first, " ".join(words[1:])
        last = words[-1].strip("《》")
        if len(words) > 1 and any(last in name for name in names):
            return last, " ".join(words[:-1])
        return "", said

    async def _content(self, message: IncomingMessage, attachment: Attachment) -> bytes:
        if attachment.blob is None:
            return await self.fetch(message, attachment, _LIMIT_BYTES)
        blob = attachment.blob
        row = await self.indicators.store.read(lambda session: blobs.get(session, blob))
        if row is None:
            raise Pass
        return row.bytes

    async def _kept(self, content: bytes) -> str:
        now = self.indicators.clock()

        def keep(session: Session) -> str:
            return blobs.put(session, content, media_type=XLSX, now=now)

        return await self.indicators.store.write(keep)


def is_workbook(message: IncomingMessage) -> bool:
    """Whether it brings one sheet, which may hold indicators."""
    return (
        message.kind is MessageKind.MEDIA
        and len(message.attachments) == 1
        and PurePath(message.attachments[0].name).suffix.lower() in (".xlsx", ".xlsm")
    )


async def _is_ours(content: bytes) -> bool:
    from asyncio import to_thread

    return await to_thread(has_indicators, content)


def _id(word: str) -> int:
    return int(word.lstrip("#"))
