"""``/admin/outbox``: what was not delivered and why; sent again, or let be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.admin import pages
from bot.admin.pages import Place, Visit
from bot.admin.session import Door, Posted
from handlers.board.deliveries import Deliveries, DeliveryView, Pile, Which
from store.models import DeliveryKind, DeliveryState

_FILTERS = ("pile", "platform", "kind", "name")
_KEPT = (*_FILTERS, "page")
PILES = {Pile.TROUBLED: "没送到的", Pile.WAITING: "等着发的", Pile.SENT: "已经发出的"}
KINDS = {
    DeliveryKind.REPLY: "回复",
    DeliveryKind.REMINDER: "提醒",
    DeliveryKind.BROADCAST: "通知",
}
STATES = {
    DeliveryState.OPEN: "等着发",
    DeliveryState.SENT: "已送出",
    DeliveryState.FAILED: "没发出去",
    DeliveryState.MISSED: "错过了时间",
    DeliveryState.COALESCED: "合并发出",
    DeliveryState.UNCERTAIN: "不确定送到没有",
    DeliveryState.WITHDRAWN: "已撤回",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPage:
    """Route ``/admin/outbox``."""

    door: Door
    deliveries: Deliveries

    def add_routes(self, app: web.Application) -> None:
        one = "/admin/outbox/{id:[0-9]{1,12}}"
        app.router.add_get(Place.OUTBOX, self.door.showing(self._list))
        app.router.add_post(f"{one}/again", self.door.acting(self._again))
        app.router.add_post(f"{one}/leave", self.door.acting(self._leave))

    async def _list(self, request: web.Request, visit: Visit) -> web.Response:
        query = pages.chosen(request, *_FILTERS)
        pile = _pile(query["pile"])
        which = Which(pile=pile, platform=query["platform"], kind=query["kind"], name=query["name"])
        offset = pages.offset(request)
        total, found = await self.deliveries.page(
            visit.visitor.actor, which, offset=offset, limit=pages.A_PAGE
        )
        piles = [one for one in Pile if one is not Pile.SENT or visit.visitor.runs_whole]
        values: dict[str, object] = {
            "found": found,
            "paging": pages.paging(request, total, query),
            "query": {name: query[name] for name in _FILTERS if name != "pile"},
            "pile": pile,
            "piles": [(f"{Place.OUTBOX}?pile={one}", PILES[one], one) for one in piles],
            "kinds": list(KINDS.items()),
            "kind_words": KINDS,
            "states": STATES,
            "kept": pages.chosen(request, *_KEPT),
        }
        return pages.page(Place.OUTBOX, "outbox.html", visit, values)

    async def _again(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        """What may have arrived is sent again only after a second yes."""
        number, actor = int(request.match_info["id"]), visit.visitor.actor
        found = await self.deliveries.look(actor, number)
        if found.state is DeliveryState.UNCERTAIN and not posted.is_sure:
            return pages.sure(
                Place.OUTBOX,
                visit,
                title="再发一次，对方可能收到两遍",
                lines=[*_about(found), "再发的那条会注明“可能重复”；回复则原样再发。"],
                fields=posted.fields,
                back=_back(posted),
                label="再发一次",
            )
        await self.deliveries.resend(actor, number)
        return self.door.done(visit, f"给{_whom(found)}的消息重新排队了，马上再发。", _back(posted))

    async def _leave(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        number, actor = int(request.match_info["id"]), visit.visitor.actor
        found = await self.deliveries.look(actor, number)
        if not posted.is_sure:
            return pages.sure(
                Place.OUTBOX,
                visit,
                title="不再发这 1 条消息",
                lines=[*_about(found), "以后它算“没发出去”，想发时还可以再发一次。"],
                fields=posted.fields,
                back=_back(posted),
                label="不用了",
            )
        await self.deliveries.give_up(actor, number)
        return self.door.done(visit, f"给{_whom(found)}的那条消息不再发了。", _back(posted))


def _pile(text: str) -> Pile:
    try:
        return Pile(text)
    except ValueError:
        return Pile.TROUBLED


def _back(posted: Posted) -> str:
    return pages.address(Place.OUTBOX, {name: posted.text(name) for name in _KEPT})


def _whom(one: DeliveryView) -> str:
    return one.who or "花名册外的人"


def _about(one: DeliveryView) -> list[str]:
    facts: Mapping[str, str] = {
        "给": _whom(one),
        "从": pages.CHANNELS.get(one.channel, one.channel),
        "内容": one.words or "（给个人的回复，这里不显示）",
        "现在": STATES[one.state],
        "原因": one.reason,
    }
    return [f"{name}：{text}" for name, text in facts.items() if text]
