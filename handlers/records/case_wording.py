"""What is said of a form that was handed in, to whoever deals with it and to whoever sent it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.messages import Button, Card, Reply
from handlers.records.types import Move, Party, Per, RecordType
from handlers.records.wording import day
from store.models_records import Record

NOT_TO_CHANGE = "这一条不能改。投票只算一次；签到和活动记录请发 /记录 改。"
HOW_TO_SET_DUE = "请写明哪一天，例如：/记录 期限 12 9月30日"
QUICKER = "这条记录刚被别人处理过，请再看一下。"
_WHOSE = {Per.PERSON: "每人", Per.UNIT: "每个单位", Per.SCHOOL: "每个学校"}


def once(type_: RecordType, number: int) -> str:
    """It was handed in before."""
    if type_.one_vote_per_rater:
        return "您已经投过了，只算一次。"
    return (
        f"这一项已经报过了（#{number}），{_WHOSE[type_.per]}只报一次。"
        f"看发 /记录 {number}；还没审的、退回的要改，发 /填报 修改 {number}"
    )


def settled(type_: RecordType, state: str) -> str:
    """It cannot be changed any more."""
    name = next((one.name for one in type_.states if one.id == state), "已撤回")
    return f"这条已经是“{name}”，不能再改了。确实要改的，请联系负责审核的人。"


def turn(type_: RecordType, number: int, moves: Sequence[Move]) -> Reply:
    """To whoever may take the next step."""
    return Reply(text=f"有一份“{type_.name}”等您办理。", card=_card(type_, number, moves))


def given(
    type_: RecordType, number: int, moves: Sequence[Move], due_on: date | None = None
) -> Reply:
    """To whoever is to deal with it."""
    until = f"，{day(due_on)}前办结" if due_on else ""
    return Reply(text=f"有一份“{type_.name}”由您负责{until}。", card=_card(type_, number, moves))


def moved(type_: RecordType, record: Record, words: str, moves: Sequence[Move]) -> Reply:
    """To whoever handed it in."""
    state = next((one.name for one in type_.states if one.id == record.state), "")
    text = f"您的“{type_.name}”#{record.id}（{day(record.on_date)}）：{state}。"
    if words:
        text += f"\n{'答复' if record.fields.get('reply') == words else '说明'}：{words}"
    if any(Party.SUBMITTER in one.who for one in moves):
        text += f"\n改好再交发：/填报 修改 {record.id}"
    return Reply(text=text)


def due(type_: RecordType, number: int, due_on: date, *, is_late: bool) -> Reply:
    """To whoever deals with it, as the time runs out."""
    when = f"{day(due_on)}已经到期，还没有办结" if is_late else f"{day(due_on)}到期"
    return Reply(text=f"由您负责的“{type_.name}”#{number} {when}。看内容发：/记录 {number}")


def late(type_: RecordType, number: int, due_on: date, *, is_late: bool) -> Reply:
    """To those who decide."""
    when = f"{day(due_on)}已经到期，还没有办结" if is_late else f"{day(due_on)}到期，还没有交给谁办"
    return Reply(text=f"“{type_.name}”#{number} {when}。看内容发：/记录 {number}")


def due_set(type_name: str, number: int, due_on: date) -> str:
    """To whoever set it."""
    return f"“{type_name}”#{number} 的办理期限定为 {day(due_on)}。"


def _card(type_: RecordType, number: int, moves: Sequence[Move]) -> Card:
    """Steps that need no words are buttons, the others are told."""
    plain = [one for one in moves if not needs_words(one)]
    told = [step(one, number) for one in moves if needs_words(one)]
    return Card(
        title=f"{type_.name} #{number}",
        body="\n".join([f"先看内容：/记录 {number}", *told]),
        buttons=tuple(
            Button(label=one.name, command=f"/记录 {one.name} {number}") for one in plain[:3]
        ),
    )


def needs_words(move: Move) -> bool:
    """Whether something has to be said with it."""
    return move.needs_reason or move.needs_reply or move.needs_owner or bool(move.fills)


def step(move: Move, number: int) -> str:
    """How a step is said."""
    words = "内容"
    if move.needs_owner:
        words = "姓名 到9月30日"
    elif move.needs_reply:
        words = "答复内容"
    elif move.needs_reason:
        words = "原因"
    return f"{move.name}：/记录 {move.name} {number} {words}"
