"""Who was there, who was not, who came late: people by what is said of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handlers.records.people_words import (
    BLANK,
    Named,
    RosterView,
    blank_no_names,
    known_people,
    names_after,
    names_before,
)
from handlers.records.types import RecordType

_WORDS = {
    "on_leave": "请(?:了|的)?(?:[病事产公年婚丧])?假|告假|[病事产公年婚丧]假|因公外出|公出",
    "absent": "缺席|[就只](?:缺|少|差)(?:了个?|个)"
    "|缺(?=[:：])|缺勤|旷会|没有?来|没有?到(?!齐)|没有?参加"
    "|未(?:能)?(?:参加|到会?|出席|到场)(?!齐)|没有?出席|无故不到|缺[0-9一二两三四五六七八九十]+[人名位个]?(?![勤席点条项])",
    "late": "迟到|晚到|来晚|晚来|[0-9一二两三四五六七八九十]+分钟?(?:才|后)到",
}
_ROLE = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _WORDS.items()))
_LISTED = re.compile(
    "(?:的|人员|人|者|名单|同志|情况)*(?:[0-9一二两三四五六七八九十]+[个名位]?人?)?[，,]?"
    "(?P<mark>[:：（(]|有[:：]?|是[:：]?|为[:：]?|分别(?:是|为)[:：]?)+"
)
_EXCEPT = re.compile("除了?(?P<row>[^。；]{1,40}?)(?:之外|以外|外|，其[余他它]|，?(?:大家)?都)")
_REASON = re.compile("出差|外出|假|病|住院|有事|学习|开会|培训|因公")
_CLAUSE_ENDS = ("", "，", "。", "；", "、", "）", ")", "！")
_COUNTED = re.compile("(?:[0-9一二两三四五六七八九十]+[个名位]?人?)?[，,]?")
_WITH = re.compile(
    "(?:分别)?(?:与|和|跟|同|对|向|找|约|约谈|慰问|走访|看望|探望|家访|谈话|谈心)了?"
    "(?:[^，。；|]{0,10}(?:教师|党员|职工|群众|学生|同学|老人|干部|家庭))?"
)
_BY = re.compile(
    "(?:主讲人?|主持人?|宣讲人|授课人?|讲课人|记录人|责任人|对象|参加人员|参加人|参会人员|出席人员|到会人员|参与人员|述职人)(?:[:：]|是|为|有)+|(?:由|请|邀请)(?:了)?"
)
_LEADS = re.compile(
    "(?:同志|老师)?(?:主持|主讲|授课|讲|上|作|带领|带队|牵头|组织|参加|去|一起|为|给|围绕|代表|述职|宣讲|领学|领誓|传达|走访|慰问|看望|谈|自学|学|填|签|完成)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everybody a stretch of text names, each once; a stranger is not on the roster."""

    on_leave: tuple[Named, ...] = ()
    absent: tuple[Named, ...] = ()
    late: tuple[Named, ...] = ()
    who: tuple[Named, ...] = ()
    has_stranger: bool = False

    @property
    def spans(self) -> list[tuple[int, int]]:
        everyone = (*self.on_leave, *self.absent, *self.late, *self.who)
        return [(one.start, one.end) for one in everyone]


def read_people(
    text: str, start: int, roster: RosterView, unit_id: int | None, type_: RecordType
) -> People:
    """Read ``text`` from ``start``; times, units, topics and type words are blanked in it."""
    quiet = _without_fillers(text, roster)
    roles = [match for match in _ROLE.finditer(text, start) if match.lastgroup]
    named: dict[str, list[Named]] = {name: [] for name in _WORDS}
    bare = list(quiet)
    for match in roles:
        bare[match.start() : match.end()] = BLANK * len(match[0])
    plain = "".join(bare)
    taken: set[int] = set()
    for match in roles:
        people = _of_role(plain, text, match, start, roster, unit_id, taken)
        named[match.lastgroup or ""] += people
        taken |= {at for one in people for at in range(one.start, one.end)}
    for one, is_excused in _excepted(text, start, roster, unit_id):
        if taken.isdisjoint(range(one.start, one.end)):
            named["on_leave" if is_excused else "absent"].append(one)
            taken |= set(range(one.start, one.end))
    who = [one for one in _others(plain, text, start, roster, unit_id)
           if taken.isdisjoint(range(one.start, one.end))]  # fmt: skip
    is_checked = bool(roster.members)
    gone = [one for people in named.values() for one in people]
    doubted = [*gone, *who] if type_.checks_names else gone
    return People(
        on_leave=tuple(named["on_leave"]),
        absent=tuple(named["absent"]),
        late=tuple(named["late"]),
        who=tuple(who),
        has_stranger=is_checked and any(one.member is None for one in doubted),
    )


def _excepted(
    text: str, start: int, roster: RosterView, unit_id: int | None
) -> list[tuple[Named, bool]]:
    """除张三出差、李四产假外: who is taken out, and whether a reason is given for any of them."""
    return [
        (one, bool(_REASON.search(match[0])))
        for match in _EXCEPT.finditer(text, start)
        for one in known_people(text, roster, unit_id, match.start("row"), match.end("row"))
    ]


def _without_fillers(text: str, roster: RosterView) -> str:
    """Blank what is no name, between the names of the roster."""
    parts: list[str] = []
    at = 0
    for match in roster.names.finditer(text):
        parts += [blank_no_names(text[at : match.start()]), match[0]]
        at = match.end()
    return "".join([*parts, blank_no_names(text[at:])])


def _of_role(
    plain: str,
    text: str,
    match: re.Match[str],
    start: int,
    roster: RosterView,
    unit_id: int | None,
    taken: set[int],
) -> list[Named]:
    """Those listed after the word, else the row before it, else who its clause begins with."""
    listed = _LISTED.match(text, match.end())
    if listed and (people := names_after(plain, listed.end(), roster, unit_id)):
        return _own_row(people, text, match.end())
    end = match.start()
    while end > start and plain[end - 1] in f"{BLANK}，、（()）":
        if text[end - 1] in "，、" and plain[end - 1] != BLANK and _is_role_before(plain, end - 1):
            break
        end -= 1
    people = [one for one in names_before(plain, end, roster, unit_id) if one.start >= start]
    people = [one for one in people if taken.isdisjoint(range(one.start, one.end))]
    if people and not _is_past_comma(text, end, match.start()):
        return people
    clause = max(start, *(text.rfind(mark, 0, match.start()) + 1 for mark in "，。；：:"))
    first = next((at for at in range(clause, match.start()) if plain[at] != BLANK), None)
    if first is not None and (led := names_after(plain[: match.start()], first, roster, unit_id)):
        return led if led[0].start == first and led[0].start not in taken else []
    return _following(plain, text, match.end(), roster, unit_id)


def _own_row(people: list[Named], text: str, start: int) -> list[Named]:
    """请假的是张三，李四没到: who stands behind a comma before another word is that word's."""
    following = _ROLE.search(text, start)
    if following is None:
        return people
    comma = text.rfind("，", start, following.start())
    behind = [one for one in people if one.start > comma >= 0]
    is_its = bool(behind) and not text[behind[-1].end : following.start()].strip(BLANK)
    return [one for one in people if one not in behind] if is_its else people


def _following(
    plain: str, text: str, start: int, roster: RosterView, unit_id: int | None
) -> list[Named]:
    """请假2人，张三和李四: behind a comma only what is nothing but names."""
    counted = _COUNTED.match(text, start)
    at = counted.end() if counted else start
    if text[at - 1 : at] not in ("，", ","):
        return names_after(plain, at, roster, unit_id)
    people = names_after(plain, at, roster, unit_id)
    while people and text[people[-1].end : people[-1].end + 1] not in _CLAUSE_ENDS:
        people.pop()
    return people


def _is_role_before(plain: str, at: int) -> bool:
    return at > 0 and plain[at - 1] == BLANK


def _is_past_comma(text: str, end: int, role: int) -> bool:
    """张三主持，请假2人: what a comma and more parts from the role has another part."""
    return bool(re.search("[，；。]", text[end:role])) and not re.fullmatch(
        "[，、（(]?(?:等?(?:[0-9一二两三四五六七八九十]+[个名位]?人?|因[^，。]*|都|均)*)*",
        text[end:role],
    )


def _others(
    plain: str, text: str, start: int, roster: RosterView, unit_id: int | None
) -> list[Named]:
    """Members and titled people anywhere, and other names where words point at them."""
    found = known_people(plain, roster, unit_id, start)
    for match in [*_WITH.finditer(text, start), *_BY.finditer(text, start)]:
        found += names_after(plain, match.end(), roster, unit_id)
    for match in _LEADS.finditer(plain, start):
        found += [
            one for one in names_before(plain, match.start(), roster, unit_id) if one.start >= start
        ]
    kept: list[Named] = []
    for one in sorted(found, key=lambda named: (named.start, -named.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept
