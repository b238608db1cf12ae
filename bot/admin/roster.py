"""``/admin/roster``: who is on it, what each may do, who asks to join, and a sheet to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.admin import pages
from bot.admin.pages import Place, Visit
from bot.admin.session import Door, Posted
from bot.errors import NotFound, UsageError
from bot.messages import Role
from handlers.access import Act, Actor, check
from handlers.people.browsing import LookedFor, RosterList, UnitOption
from handlers.people.importing import RosterFiles
from handlers.people.joining import Joining, Wish
from handlers.people.managing import Roster
from handlers.people.wording import ROLE_WORDS
from handlers.tasks.actions import Tasks

_PATH = "/admin/roster"
_JOINING = f"{_PATH}/joining"
_IMPORT = f"{_PATH}/import"
_ADD = f"{_PATH}/add"
_SHEET_BYTES = 8 * 2**20
_ROLES: Sequence[tuple[Role, str]] = tuple(
    (role, word) for role, word in ROLE_WORDS.items() if role is not Role.GUEST
)
_LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterPages:
    """Routes below ``/admin/roster``."""

    door: Door
    people: RosterList
    roster: Roster
    joining: Joining
    files: RosterFiles
    tasks: Tasks

    def add_routes(self, app: web.Application) -> None:
        person = _PATH + "/{number:[0-9]{1,12}}"
        app.router.add_get(_PATH, self.door.showing(self._list))
        app.router.add_get(_ADD, self.door.showing(self._newcomer))
        app.router.add_post(_ADD, self.door.acting(self._add))
        app.router.add_get(_JOINING, self.door.showing(self._wishes))
        app.router.add_post(_JOINING, self.door.acting(self._decide))
        app.router.add_get(_IMPORT, self.door.showing(self._sheet))
        app.router.add_post(_IMPORT, self.door.acting(self._import, most_bytes=_SHEET_BYTES))
        app.router.add_get(person, self.door.showing(self._person))
        app.router.add_post(person, self.door.acting(self._change))

    async def _list(self, request: web.Request, visit: Visit) -> web.Response:
        actor = visit.visitor.actor
        query = pages.chosen(request, "name", "unit", "role", "state")
        wanted = LookedFor(
            words=query["name"],
            unit_id=pages.number(query["unit"]),
            role=_role(query["role"]),
            has_left=query["state"] == _LEFT,
        )
        total, found = await self.people.page(
            actor, wanted, offset=pages.offset(request), limit=pages.A_PAGE
        )
        values = {
            "found": found,
            "paging": pages.paging(request, total, query),
            "query": query,
            "units": indented(await self.people.units(actor)),
            "roles": _ROLES,
            **await self._around(actor, query["state"]),
        }
        return pages.page(Place.ROSTER, "roster.html", visit, values)

    async def _around(self, actor: Actor, tab: str) -> Mapping[str, object]:
        """What stands above every page of the roster for those who change it."""
        if not actor.may(Act.MANAGE_PEOPLE):
            return {"tabs": [], "tab": tab}
        waiting = len(await self.joining.wishes(actor))
        tabs = [
            (_PATH, "在册", ""),
            (f"{_PATH}?state={_LEFT}", "已停用", _LEFT),
            (_JOINING, f"加入申请（{waiting}）" if waiting else "加入申请", _JOINING),
            (_ADD, "添加", _ADD),
            (_IMPORT, "从表格导入", _IMPORT),
        ]
        return {"tabs": tabs, "tab": tab}

    async def _person(self, request: web.Request, visit: Visit) -> web.Response:
        actor = visit.visitor.actor
        person = await self.people.person(actor, pages.in_path(request, "number"))
        values = {
            "person": person,
            "hands_over": person.is_managed and actor.may(Act.MANAGE_TASKS),
            "units": indented(await self._managed(actor)),
            "roles": _ROLES,
        }
        return pages.page(Place.ROSTER, "roster_person.html", visit, values)

    async def _change(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        """Give or take a role, let somebody leave or come back."""
        member_id = pages.in_path(request, "number")
        match posted.text("do"):
            case "give" | "take" as what:
                return await self._role(visit, member_id, posted, gives=what == "give")
            case "leave":
                return await self._leave(visit, member_id, posted)
            case "hand_over":
                return await self._hand_over(visit, member_id, posted)
            case "return":
                back = await self.roster.reactivate(visit.visitor.actor, member_id)
                return self.door.done(visit, f"已恢复 {back.name}。", visit.path)
        raise NotFound("no such deed")

    async def _role(
        self, visit: Visit, member_id: int, posted: Posted, *, gives: bool
    ) -> web.Response:
        actor, role = visit.visitor.actor, _role(posted.text("role"))
        if role is None:
            raise UsageError("no role", reply="请选一个角色。")
        # As the chat asks it: by number, so that neither namesakes nor like units can be meant.
        change = await self.roster.consider_role(
            actor, f"#{member_id}", ROLE_WORDS[role], f"#{posted.number('unit') or 0}"
        )
        word = ROLE_WORDS[role]
        if change.is_held is gives:
            had = "本来就是" if gives else "本来就不是"
            said = f"{change.name} {had}{change.unit}的{word}，不用改。"
            return self.door.done(visit, said, visit.path)
        what = "成为" if gives else "不再是"
        if not posted.is_sure:
            return pages.sure(
                Place.ROSTER,
                visit,
                title=f"{change.name} {what}{change.unit}的{word}？",
                lines=["会影响 1 个人；对这个单位和它下面的单位都有效。"],
                fields=posted.fields,
                back=visit.path,
            )
        change_it = self.roster.give if gives else self.roster.take
        await change_it(actor, member_id, role, change.unit_id)
        now = "现在是" if gives else "不再是"
        said = f"好了，{change.name} {now}{change.unit}的{word}。要收回，在聊天里发 /撤销。"
        return self.door.done(visit, said, visit.path)

    async def _leave(self, visit: Visit, member_id: int, posted: Posted) -> web.Response:
        actor = visit.visitor.actor
        if not posted.is_sure:
            leaver = await self.roster.consider_leaving(actor, f"#{member_id}")
            lines = ["停用后不能再提问内部文件、不再收提醒；记录都保留，以后可以恢复。"]
            if leaver.open_tasks:
                lines.append(f"名下还有 {len(leaver.open_tasks)} 件任务没办结，停用后请交给别人：")
                lines += leaver.open_tasks
            else:
                lines.append("名下没有未办结的任务。")
            return pages.sure(
                Place.ROSTER,
                visit,
                title=f"停用 {leaver.name}？",
                lines=lines,
                fields=posted.fields,
                back=visit.path,
                label="停用",
            )
        left = await self.roster.deactivate(actor, member_id)
        said = f"已停用 {left.name}。"
        if left.open_tasks:
            said += f"还有 {len(left.open_tasks)} 件任务要交给别人，请在下面转交。"
        return self.door.done(visit, said, visit.path)

    async def _hand_over(self, visit: Visit, member_id: int, posted: Posted) -> web.Response:
        """Some of what they have left to do becomes another's."""
        actor, to = visit.visitor.actor, posted.text("to")
        person = await self.people.person(actor, member_id)
        chosen = [one for one in person.tasks if f"task-{one.id}" in posted.fields]
        if not to or not chosen:
            raise UsageError("nothing chosen", reply="请勾选任务，并写上转交给谁。")
        if not posted.is_sure:
            lines = [f"{one.id}号　{one.title}" for one in chosen]
            return pages.sure(
                Place.ROSTER,
                visit,
                title=f"把{person.name}的 {len(chosen)} 件任务转交给 {to}？",
                lines=[*lines, "接手的人会收到消息；以后各次也归他，已经办完的不变。"],
                fields=posted.fields,
                back=visit.path,
                label="转交",
            )
        done = await self.tasks.hand_over(actor, [one.id for one in chosen], to)
        said = f"{len(chosen)} 件任务已转交给 {done.name}。"
        return self.door.done(visit, said, visit.path)

    async def _newcomer(self, request: web.Request, visit: Visit) -> web.Response:
        actor = visit.visitor.actor
        check(actor, Act.MANAGE_PEOPLE)
        values = {
            "units": indented(await self._managed(actor)),
            "roles": _ROLES,
            **await self._around(actor, _ADD),
        }
        return pages.page(Place.ROSTER, "roster_add.html", visit, values)

    async def _add(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        role = _role(posted.text("role")) or Role.TEACHER
        added = await self.roster.add(
            visit.visitor.actor,
            posted.text("name")[:20],
            f"#{posted.number('unit') or 0}",
            ROLE_WORDS[role],
        )
        said = f"已把 {added.name} 加进花名册。"
        return self.door.done(visit, said, f"{_PATH}/{added.member_id}")

    async def _wishes(self, request: web.Request, visit: Visit) -> web.Response:
        actor = visit.visitor.actor
        wishes = await self.joining.wishes(actor)
        paging = pages.paging(request, len(wishes), {})
        values = {
            "wishes": wishes[paging.offset : paging.offset + pages.A_PAGE],
            "paging": paging,
            "units": indented(await self._managed(actor)),
            **await self._around(actor, _JOINING),
        }
        return pages.page(Place.ROSTER, "roster_joining.html", visit, values)

    async def _decide(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        """Let somebody in, or turn them away."""
        actor, request_id = visit.visitor.actor, posted.number("id") or 0
        if posted.text("do") == "approve":
            unit = f"#{posted.number('unit') or 0}"
            said = await self.joining.approve(actor, request_id, unit)
            return self.door.done(visit, said, _JOINING)
        if not posted.is_sure:
            wish = await self._wish(actor, request_id)
            return pages.sure(
                Place.ROSTER,
                visit,
                title=f"谢绝 {wish.name} 的加入申请？",
                lines=[f"{wish.name}写的单位是“{wish.unit}”。谢绝后会告诉本人没有通过。"],
                fields=posted.fields,
                back=_JOINING,
                label="谢绝",
            )
        said = await self.joining.refuse(actor, request_id)
        return self.door.done(visit, said, _JOINING)

    async def _wish(self, actor: Actor, request_id: int) -> Wish:
        for wish in await self.joining.wishes(actor):
            if wish.id == request_id:
                return wish
        raise NotFound(f"no wish {request_id}", reply="没有这个加入申请，可能已经处理过了。")

    async def _sheet(self, request: web.Request, visit: Visit) -> web.Response:
        check(visit.visitor.actor, Act.MANAGE_PEOPLE)
        values = {"result": None, **await self._around(visit.visitor.actor, _IMPORT)}
        return pages.page(Place.ROSTER, "roster_import.html", visit, values)

    async def _import(self, request: web.Request, visit: Visit, posted: Posted) -> web.Response:
        """First show what is different, then, after a yes, take it over."""
        actor = visit.visitor.actor
        if posted.is_sure:
            done = await self.files.take(actor, posted.text("sheet"))
            said = (
                f"花名册已导入：新增 {done.added} 人，已有 {done.known} 人，"
                f"新建单位 {done.units} 个，共 {len(done.changes)} 处变化。"
            )
            return self.door.done(visit, said, _PATH)
        file = posted.files.get("file")
        if file is None:
            raise UsageError("no file", reply="请先选一个 .xlsx 或 .csv 文件。")
        result, sheet = await self.files.offer(actor, file.name, file.content)
        values = {
            "result": result,
            "sheet": sheet,
            "file": file.name,
            **await self._around(actor, _IMPORT),
        }
        return pages.page(Place.ROSTER, "roster_import.html", visit, values)

    async def _managed(self, actor: Actor) -> Sequence[UnitOption]:
        return await self.people.units(actor, Act.MANAGE_PEOPLE)


def indented(units: Sequence[UnitOption]) -> list[tuple[int, str]]:
    """For a list to choose from: below what they are part of."""
    return [(one.id, "　" * one.depth + one.name) for one in units]


def _role(text: str) -> Role | None:
    return next((role for role, _ in _ROLES if role == text), None)
