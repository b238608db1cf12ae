"""Who says what, when and for how long: only what the text prints as its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from knowledge.dates import chinese_number, read_date
from knowledge.findings import Findings
from knowledge.frontmatter import GENRE_WORDS, Front
from knowledge.model import Genre
from knowledge.names import printed_names

_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})\s?(?:年|学年)")
_QUOTED = re.compile(r"《[^《》]{1,120}》")
_OWN_YEAR = re.compile(r"^((?:20)\d{2})年(?:度)?(?:是|，|,|全[市县区省镇校]|我[市县区省镇校局])")
_OWN_PAPER = re.compile(
    r"((?:20)\d{2})年(?:度)?[^，。；,;《》]{0,24}(?:承诺书|责任书|责任清单|任务清单|工作要点|工作计划|实施方案|工作方案)"
)
_NUMBER_YEAR = re.compile(r"〔((?:19|20)\d{2})〕")
_EFFECTIVE = re.compile(
    r"自((?:19|20)\d{2}年\d{1,2}月\d{1,2}日)起(?:正式|开始)?(?:施行|实施|执行|生效|试行)|自(?:印发|发布|公布|发文)之日起(?:\d{1,3}日后)?(?:施行|实施|执行|生效|试行)"
)
_VALID_YEARS = re.compile(r"有效期(?:限)?(?:为|至)?\s?([一二两三四五六七八九十\d]{1,2})\s?年")
_VALID_UNTIL = re.compile(r"有效期(?:限)?(?:至|到|截至)\s?((?:19|20)\d{2}年\d{1,2}月\d{1,2}日)")
_REPEALS = re.compile(r"([^。；\n]{2,300}?)(?:同时|即行|自行|相应|予以)?(?:废止|停止执行|失效)")
_NUMBERED = re.compile(r"[\u4e00-\u9fff]{1,14}〔(?:19|20)\d{2}〕\d{1,5}号")
_ISSUER_IN_TITLE = re.compile(
    r"^((?:中共)?[\u4e00-\u9fffxX×]{1,24}?(?:局|委|委员会|政府|办公室|厅|教育部|学校|中学|小学|学院|大学|幼儿园|中心校|中心|工委|党委|党总支|支部|团委|工会|党组|领导小组)"
    r"(?:[、\s][\u4e00-\u9fff]{2,16}?(?:局|委|厅|部|会|办公室))*)(?=关于|转发|印发|\d{4}年|[二〇○]{2})"
)
_SPEAKER = re.compile(
    r"([\u4e00-\u9fffxX×]{2,24}?(?:党委|党组|教育局|教体局|工委|学校|中学|小学|党支部|党总支))(?:将|要|始终|坚持|紧紧|全面)"
)
_REPORT_WORDS = frozenset(("总结", "讲话", "报告", "表"))
_POLICY_WORDS = "|".join(word for word in GENRE_WORDS if word not in _REPORT_WORDS)
_POLICY_TITLE = re.compile(rf"(?:{_POLICY_WORDS})(?:[（(][^（）()]{{1,24}}[)）])*$")
_PRESS_WORDS = re.compile(r"记者|通讯员|讯[（(]|采访|介绍说|表示")
_ANONYMOUS = re.compile(
    r"(?<![A-Za-zＡ-Ｚ])(?:[xX×ＸＸｘ＊*]{1,4}|某)(?:省|市|县|区|镇|乡|街道|学院|学校|中学|小学|大学|局|职业|年|月)"
)
_UNFINISHED = re.compile(r"[\u4e00-\u9fff\w、，,：:；;“‘《（(]$")
_MONTH_DAY = re.compile(r"(?<!年)(?<!\d)\d{1,2}月\d{1,2}日")
_OFFICIAL = re.compile(r"^第[一二三]条|^[^。，\n]{2,40}[：:]$|特此(?:通知|通报|公告)", re.MULTILINE)
_MACHINE_LEAST_SIGNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The fields of a ``Document`` that are neither text nor structure."""

    title: str
    title_derived: bool
    subtitle: str | None
    issuer: str | None
    publisher: str | None
    authors: tuple[str, ...]
    issued_on: date | None
    effective_on: date | None
    expires_on: date | None
    document_number: str | None
    index_number: str | None
    year: int | None
    genre: Genre
    url: str | None
    replaces: tuple[str, ...]
    cautions: tuple[str, ...]
    names: tuple[str, ...]


def read_metadata(
    body: Sequence[str], found: Findings, front: Front, headings: Sequence[str], file_name: str
) -> Metadata:
    """``body`` is the lines below the title; the last ones may be the signature."""
    text = "\n".join(body)
    genre = _genre(text, found, front)
    number = found.document_number or front.document_number
    issued_on = found.issued_on or (
        read_date(front.signed_on_line) if front.signed_on_line else None
    )
    if issued_on is None and front.note:
        issued_on = read_date(front.note)
    issuer = _issuer(found, front, genre)
    year = _year(front.title, number, issued_on, body)
    title, is_derived = _title(front, issuer, year, found, text, file_name)
    effective_on, expires_on = _validity(text, issued_on)
    return Metadata(
        title=title,
        title_derived=is_derived,
        subtitle=front.subtitle,
        issuer=issuer,
        publisher=found.publisher if found.publisher != issuer else None,
        authors=tuple(found.authors),
        issued_on=issued_on,
        effective_on=found.effective_on or effective_on,
        expires_on=found.expires_on or expires_on,
        document_number=number,
        index_number=found.index_number,
        year=year,
        genre=genre,
        url=found.url,
        replaces=_replaces(text),
        cautions=_cautions(body, found, front, is_derived, year, text),
        names=printed_names([title, front.subtitle or "", issuer or "", *body[:2], *headings]),
    )


def _genre(text: str, found: Findings, front: Front) -> Genre:
    title = front.title or ""
    if front.document_number or found.document_number or found.index_number or front.red_head:
        return Genre.POLICY
    if _POLICY_TITLE.search(title) or found.genre_word:
        return Genre.POLICY
    if found.publisher or found.authors or len(_PRESS_WORDS.findall(text[:3000])) >= 2:
        return Genre.NEWS
    if re.search(r"经验|做法|纪实|总结|汇报|交流材料|典型材料", f"{title}\n{front.subtitle or ''}"):
        return Genre.EXPERIENCE
    if _OFFICIAL.search(text) or front.signer or not title:
        return Genre.POLICY
    past = len(
        re.findall(r"近年来|先后|实现了|形成了|得到|取得|荣获|以来|被评为|探索出|走出了", text)
    )
    return Genre.EXPERIENCE if past >= 3 else Genre.POLICY


def _issuer(found: Findings, front: Front, genre: Genre) -> str | None:
    if found.issuer:
        return found.issuer
    if genre is Genre.NEWS:
        return None
    if front.signer:
        return front.signer
    if front.title and (match := _ISSUER_IN_TITLE.match(front.title)):
        return match[1]
    return front.red_head


def _year(
    title: str | None, number: str | None, issued_on: date | None, body: Sequence[str]
) -> int | None:
    in_title = {int(year) for year in _YEAR.findall(_QUOTED.sub("", title or ""))} or {
        int(year) for year in _YEAR.findall(title or "")
    }
    if len(in_title) == 1 and not re.search(r"\d{4}\s?[—–~～-]+\s?\d{4}", title or ""):
        return in_title.pop()
    for line in body[:3]:
        if match := _OWN_YEAR.match(_QUOTED.sub("", line)):
            return int(match[1])
    printed = set()
    if number and (match := _NUMBER_YEAR.search(number)):
        printed.add(int(match[1]))
    if issued_on:
        printed.add(issued_on.year)
    if printed:
        return printed.pop() if len(printed) == 1 else None
    return _year_of_own_papers(body)


def _year_of_own_papers(body: Sequence[str]) -> int | None:
    """The one year of the papers a text hands out (承诺书, 清单 …), when it prints no other."""
    text = _QUOTED.sub("", "\n".join(body))
    papers = {int(year) for year in _OWN_PAPER.findall(text)}
    printed = {int(year) for year in _YEAR.findall(text)}
    return papers.pop() if len(papers) == 1 and papers == printed else None


def _title(
    front: Front,
    issuer: str | None,
    year: int | None,
    found: Findings,
    text: str,
    file_name: str,
) -> tuple[str, bool]:
    if front.title:
        return front.title, False
    match = _SPEAKER.search(text[:1500])
    body = match[1] if match else issuer
    if body and issuer and len(body) > 24:
        body = issuer
    if not body and year is None:
        first = re.split(r"[，。；,;\n]", text.strip(), maxsplit=1)[0][:30]
        return first or file_name.rsplit(".", 1)[0], True
    topic = "党建" if text.count("党建") >= 3 else ""
    genre = next((word for word in GENRE_WORDS[:8] if word in text[:1500]), None)
    genre = genre or (f"工作{found.genre_word}" if found.genre_word else "文件")
    if topic and genre in {"工作要点", "工作方案", "工作计划"}:
        genre = f"{topic}{genre}"
    return f"{body or ''}{f'{year}年' if year else ''}{genre}", True


def _validity(text: str, issued_on: date | None) -> tuple[date | None, date | None]:
    """施行 and expiry, printed or counted from a printed day and a printed number of years."""
    match = _EFFECTIVE.search(text)
    effective = None
    if match:
        effective = read_date(match[1]) if match[1] else issued_on
    if until := _VALID_UNTIL.search(text):
        return effective, read_date(until[1])
    years = _VALID_YEARS.search(text)
    if years and effective:
        return effective, _years_later(effective, years[1])
    return effective, None


def _years_later(day: date, words: str) -> date | None:
    count = chinese_number(words.replace("两", "二"))
    if not 1 <= count <= 50:
        return None
    day_of_month = 28 if (day.month, day.day) == (2, 29) else day.day
    return date(day.year + count, day.month, day_of_month)


def _replaces(text: str) -> tuple[str, ...]:
    replaced: list[str] = []
    for match in _REPEALS.finditer(text):
        if not re.search(r"同时|即行|予以|停止执行|原|此前", match[0]):
            continue
        named = [name[1:-1] for name in _QUOTED.findall(match[1])]
        replaced += named + _NUMBERED.findall(match[1])
    return tuple(dict.fromkeys(replaced))


def _cautions(
    body: Sequence[str],
    found: Findings,
    front: Front,
    is_derived: bool,
    year: int | None,
    text: str,
) -> tuple[str, ...]:
    cautions: list[str] = []
    if _is_cut_off(body, found, front):
        cautions.append("原文不完整，结尾可能被截断")
    if len(_ANONYMOUS.findall(text)) >= 2:
        cautions.append("原文中的地名或单位名已匿名处理")
    if found.machine_signs >= _MACHINE_LEAST_SIGNS:
        cautions.append("疑似机器改写稿，措辞可能不准确")
    if is_derived:
        cautions.append("标题为自拟，原文没有标题")
    if year is None and _MONTH_DAY.search(text):
        cautions.append("年份未写明")
    return tuple(cautions)


def _is_cut_off(body: Sequence[str], found: Findings, front: Front) -> bool:
    if front.ends_signed or not body:
        return False
    last = body[-1]
    if last.endswith(("、", "，", ",", "“", "《", "（")) and len(last) >= 20:
        return True
    ends_open = len(last) >= 60 and bool(_UNFINISHED.search(last))
    return ends_open and (found.is_preview or last[-1] in "、，,：:；;的和与及")
