"""提醒李老师下周一前报名单 -> whom, when, what. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from scheduler.when import NoTime, Reason, Reject, When

Find = Callable[[str], Sequence[tuple[int, int, When]]]

_POLITE = (
    "(?:请|烦请|麻烦|劳驾|帮忙|帮我|帮|给我|你|您|要点|记得|别忘了|务必|能不能|可以|可否|能否|"
    "到时候?|届时|再|也|都)"
)
_VERB = re.compile(r"(?:提醒|叮嘱|催)(?:一下|下|一声)?")
_NOUN = re.compile(r"(?:设(?:置|定|个)?|定|建|加|新增|添加|创建|来)(?:一?[个条])?提醒")
_QUESTION = re.compile(
    r"[?？]|[吗呢么](?:[。！!]|$)|怎么|怎样|如何|什么|为何|哪[些个里天]|是否|能否查|多久|多少|几[次条天]"
)
_NOT_ASKED = re.compile(
    r"(?:(?:不要|不用|别)再?|取消|停止|不再|关闭|暂停|删除|有|没有?|收到|被|的)提醒|提醒(?:的|是|功能|方式|规则|了)"
)
_LONGEST = 500
_BEGGING = re.compile(r"(?:请问)?(?:你|您)?(?:能不能|能否|可不可以|可以|可否|能)")
_SELF = re.compile(r"(?:我自己|我本人|本人|自己|我)(?!们|校|县|市|局|园|区|省|国|支部|党)")
_EVERYONE = re.compile(
    r"(?:大家|各位(?:老师|同志|教师|同事)?|所有人(?:员)?|全体(?:人员|成员|教师|老师|教职工|党员|同志|职工|同事)?"
    r"|所有(?:教师|老师|教职工|党员|同志|成员)|(?:我们|咱们|你们)(?!学?校|单位|支部|[县市局园班组科]|各)|群里(?:的人)?|本群)"
)
_TITLED = re.compile(
    r"[\u4e00-\u9fff]{1,3}?(?:老师|主任|校长|副校长|书记|副书记|园长|局长|科长|股长|组长|委员|同志|专干|会计|干事|老)"
)
_JOINT = re.compile(r"\s*(?:、|，|,|和|与|及|以及|还有)\s*")
_MENTION = re.compile(r"[@＠](\S+)\s*")
_LEADING = re.compile(r"^(?:[\s，,。：:；;、]|一下|记得|别忘了?|不要忘了?|务必|要|去|来|得|把)+")
_TRAILING = re.compile(r"(?:[\s，,。；;、！!~～]|谢谢您?|多谢|哦|啊|呀|吧|哈)+$")
_SAID_BEFORE = re.compile(rf"^(?:[@＠]\S+\s+|{_POLITE}|[\s，,。：:])*$")
ME, EVERYONE = "我", "大家"
WHAT_CHARS = 200
_ASIDE_CHARS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """``who`` as said (``我``, ``大家`` or names), none when nobody was named."""

    who: tuple[str, ...] = ()
    when: When
    what: str
    words: str = ""
    """The time as it was said."""


def is_wish(text: str) -> bool:
    """Whether somebody wants to be reminded of something, and does not ask about reminders."""
    text = text.strip()
    if not 3 <= len(text) <= _LONGEST or _NOT_ASKED.search(text):
        return False
    if not (_NOUN.search(text) or _VERB.search(text)):
        return False
    asked = text.rstrip("?？。！! ")
    if begging := _BEGGING.match(asked):
        asked = asked[begging.end() :].rstrip("吗么呢")
    elif asked != text.rstrip("。！! "):
        return False
    return _QUESTION.search(asked) is None


def read_wish(text: str, find: Find, names: Collection[str] = ()) -> Wish | None:
    """Take a sentence apart.

    Args:
        text: The sentence; mentions of the bot itself are taken off before.
        find: ``find_when`` with today, calendar and terms.
        names: People and units of the roster; others are known only by their title or a mark.

    Returns:
        None when it is not such a sentence after all.
    """
    text = text.strip()
    verb = _NOUN.search(text) or _VERB.search(text)
    if verb is None:
        return None
    found = list(find(text))
    timed = _chosen(text, found, verb)
    before, after = text[: verb.start()], text[verb.end() :]
    when: When = NoTime()
    words = ""
    if timed is not None:
        start, end, when = timed
        words = text[start:end]
        if start < verb.start():
            before = text[:start] + text[end : verb.start()]
        else:
            after = text[verb.end() : start] + "\0" + text[end:]
    who, rest = read_who(after, names)
    what = tidied(rest.replace("\0", ""))
    if not _SAID_BEFORE.match(before):
        first = tidied(re.sub(rf"^(?:{_POLITE}|[\s，,。：:])+", "", before).strip("，,。 "))
        if what and len(first) > _ASIDE_CHARS:
            return None
        what = f"{what}（{first}）" if what and first else what or first
    return Wish(who=who, when=when, what=what, words=words)


def read_plain(text: str, find: Find) -> Wish:
    """What stands after ``/提醒``, or after a name: a time and a thing, in any order."""
    found = list(find(text))
    if not found:
        return Wish(when=NoTime(), what=tidied(text))
    start, end, when = found[0]
    return Wish(when=when, what=tidied(text[:start] + text[end:]), words=text[start:end])


def read_who(text: str, names: Collection[str]) -> tuple[tuple[str, ...], str]:
    """The names at the beginning, and what follows; a time cut out is a null character."""
    text = re.sub(r"^[\s，,：:]+", "", text)
    who: list[str] = []
    while True:
        one, length = _one(text, names)
        if not length:
            break
        who.append(one)
        text = text[length:]
        joint = _JOINT.match(text)
        if joint is None or not _one(text[joint.end() :], names)[1]:
            break
        text = text[joint.end() :]
    cut = text.find("\0")
    if not who and 0 < cut <= 12:
        named = _JOINT.split(text[:cut].strip())
        if all(re.fullmatch(r"[\u4e00-\u9fffA-Za-z0-9·（）()]{2,12}", name) for name in named):
            return tuple(named), text[cut:]
    return tuple(dict.fromkeys(who)), text


def tidied(text: str) -> str:
    """Without what only joins it to the words around it."""
    shorter = re.sub(r"[ \t]+", " ", text)
    while True:
        before = shorter
        shorter = _TRAILING.sub("", _LEADING.sub("", shorter))
        if shorter == before:
            return shorter[:WHAT_CHARS]


def _one(text: str, names: Collection[str]) -> tuple[str, int]:
    if match := _MENTION.match(text):
        return match[1], match.end()
    if match := _EVERYONE.match(text):
        return EVERYONE, match.end()
    if match := _SELF.match(text):
        return ME, match.end()
    known = max((name for name in names if name and text.startswith(name)), key=len, default="")
    if known:
        title = re.match(r"(?:老师|主任|校长|书记|园长|局长|同志|同学)", text[len(known) :])
        return known, len(known) + (title.end() if title else 0)
    if match := _TITLED.match(text):
        return match[0], match.end()
    return "", 0


def _chosen(
    text: str, found: Sequence[tuple[int, int, When]], verb: re.Match[str]
) -> tuple[int, int, When] | None:
    """The time of the reminder: the first before the verb, else the first after it."""
    real = [one for one in found if not _is_noise(one[2])]
    before = [one for one in real if one[1] <= verb.start()]
    after = [one for one in real if one[0] >= verb.end()]
    candidates = before[-1:] + after[:1]
    if candidates:
        return candidates[0]
    return next((one for one in found if one[1] <= verb.start() or one[0] >= verb.end()), None)


def _is_noise(when: When) -> bool:
    return isinstance(when, Reject) and when.reason is Reason.UNREADABLE
