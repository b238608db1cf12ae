"""What kind of task a clause asks for, whether it binds the reader, and when a yearly plan ends."""

from __future__ import annotations

import re
from datetime import date

from knowledge.cadence import Cadence
from knowledge.model import Basis, Document, Genre, TaskKind

_DELIVERABLE = re.compile(
    r"(?:建立|健全|健全完善|建立健全|完善|制定|制订|修订|出台|印发|制发|编制|整理|成立|组建|设立|遴选|建成|创建|打造|培育|评选|形成|"
    r"建设|竣工|新建|改建|扩建|配备|配齐|签订|选树|表彰|发布|公布|完成|推出|举行|出版)"
    r"[^，。；]{0,40}?(?:机制|制度|清单|规则|办法|方案|细则|手册|指南|基地|品牌|党组织|示范校|示范点|典型|评选|小组|指导组|专班|项目|"
    r"书|学校|幼儿园|平台|体系|案例|经验|做法|名单|档案|周年|规划|标准|[0-9]{1,6}[个所名项家])"
)
_COUNTED = re.compile(
    r"(?:举办|组织|开展|培训|推出|发展党员|明确|招聘|新建|改建|扩建|评选|组建|打造|培育|形成|选树|创建|选派|建设|建成|完成|举行|召开|培养)"
    r"[^，。；每]{0,24}?(?:[0-9一二三四五六七八九十两]{1,6}(?:余|多)?(?:期|场|节|件|项|个|名|支|片|所|份|批|轮|家|人|套|篇|处)|一批)|"
    r"(?:开展|组织|举办)[^，。；]{0,30}(?:评选|评比)|[0-9]{1,4}周年"
)
_KEPT_UP = re.compile(
    r"预警|核查|处置|优先办理|限时|协同育人|责任制|日常|长期|坚持|深化|加强|持续|常态"
)
_EVENT = re.compile(r"周年|首届|第[一二三四五六七八九十0-9]+届|启动仪式|评选|验收|竣工|投用")
_COMES_BACK = re.compile(
    r"三会一课|主题党日|组织生活会|民主生活会|民主评议|谈心谈话|第一议题|中心组|入党誓词|政治生日|轮训|述职|考核|评估|考评|"
    r"例会|联席会|调度会|督查|巡查|检查|测评|监测|送党课|党员大会|支委会|党小组会"
)
_RULING = re.compile(
    r"出台|印发|办法|规定|应当?|须|必须|每学期|每季度|每年|要以|要求|试点|报告|考核|给予|纳入|优先|标准|成立|明确|下拨|遴选|推行"
)
_ISSUES_RULE = re.compile(
    r"(?:出台|印发|制定|下发|发布)了?[《“]|推行[^，。]{0,30}(?:试点|制度|办法)|试点工作"
)


_MAKES_A_RULE = re.compile(
    r"(?:建立|健全|完善|制定|制订|修订|出台|印发)[^，。；]{0,24}?(?:办法|方案|细则|规则|制度|机制)$"
)
_SCHOOL_YEAR = re.compile(
    r"(?P<first>20[0-9]{2})[-—－–~至]+(?P<second>20[0-9]{2})学年[度]?(?P<is_second>第?[二下]|春)?"
)
_HEAD_CHARS = 300


def kind_of(quote: str, cadence: Cadence, due: date | None) -> TaskKind:
    """Recurring where an interval or a thing that comes back is printed, one-off where it ends."""
    if cadence.rule:
        return TaskKind.RECURRING
    if due is not None or _EVENT.search(quote):
        return TaskKind.ONE_OFF
    if _COMES_BACK.search(quote) and not _MAKES_A_RULE.search(quote):
        return TaskKind.RECURRING
    if cadence.is_vague and not _KEPT_UP.search(cadence.words):
        return TaskKind.RECURRING
    return TaskKind.ONE_OFF if _is_deliverable(quote) else TaskKind.ONGOING


def basis_of(genre: Genre, sentence: str, *, tells_of_a_rule: bool) -> Basis:
    """A policy asks its readers; a report only where it tells of a rule that has been issued."""
    if genre is Genre.POLICY or (tells_of_a_rule and _RULING.search(sentence)):
        return Basis.REQUIREMENT
    return Basis.REPORTED_PRACTICE


def tells_of_a_rule(document: Document) -> bool:
    """Whether a piece of news is about a rule that others have to follow."""
    return (
        document.genre is Genre.NEWS
        and _ISSUES_RULE.search(f"{document.title}\n{document.text}") is not None
        and not _is_about_a_past_project(document)
    )


def _is_about_a_past_project(document: Document) -> bool:
    """Years told one after the other (2017年…, 2018年…) are a story, not a rule."""
    return len(set(re.findall(r"(?:19|20)[0-9]{2}年", document.text))) > 1


def year_end_deliverable(document: Document, act: str, quote: str) -> date | None:
    """The last day of a yearly plan's printed year, for what it wants made within the year.

    Args:
        document: Its title has to print the year.
        act: The words up to the end of what is done.
        quote: The same with what follows from it.
    """
    if document.year is None or document.genre is not Genre.POLICY:
        return None
    if not re.search(rf"{document.year}.*(?:要点|计划|清单|安排|方案)", document.title):
        return None
    is_made = _is_deliverable(act) or (_COUNTED.search(quote) and not _KEPT_UP.search(quote))
    return date(document.year, 12, 31) if is_made else None


def _is_deliverable(quote: str) -> bool:
    return _DELIVERABLE.search(quote) is not None and _KEPT_UP.search(quote) is None


def year_of(document: Document) -> int | None:
    """The printed year of the plan, else of its date of issue."""
    if document.year is not None:
        return document.year
    if match := _SCHOOL_YEAR.search(document.title):
        return int(match["second" if match["is_second"] else "first"])
    if match := re.search("(20[0-9]{2})年", document.title):
        return int(match[1])
    if document.issued_on is not None:
        return document.issued_on.year
    printed = set(re.findall("(20[0-9]{2})[年〕]", document.text[:_HEAD_CHARS]))
    return int(printed.pop()) if len(printed) == 1 else None
