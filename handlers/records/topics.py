"""What it was about: 学习了…, 主题是…, 围绕…; and the words that therefore say nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

_END = "(?=[，。；！;!\n]|$)"
_STUDY = "(?:集体|共同|认真|集中|重点|专题|深入|一起|组织|传达|原原本本|再次|继续)*"
_MARKERS = tuple(
    re.compile(pattern)
    for pattern in (
        f"(?:主题|议题|题目|内容|课题)(?:(?:就)?(?:是|为|[:：])+|(?=[“《]))(?P<topic>[^，。；！;!\n]{{1,120}}?){_END}",
        "以(?P<topic>[^，。；]{2,60}?)为(?:主题|题|内容|重点)",
        f"围绕(?P<topic>[^，。；]{{2,80}}?)(?:主题|议题)?(?:开展|进行|展开|作|做|交流|讨论|学习|谈|召开|上了|讲|座谈|发言|{_END})",
        f'{_STUDY}(?:学习|(?<![小中大教同开放上文科入数])学(?=[了完《]))(?:贯彻|讨论|传达|领会|研讨|研读)*(?:了|完)?(?P<topic>(?:《|["“]|[^，。；！;!\n会课活组]){{1}}[^，。；！;!\n]{{1,120}}?){_END}',
        f"(?:研究|讨论|审议|通过|传达|部署|观看|收看|参观|通报|听取|解读|宣读|表决|布置|安排|总结|交流|通读|宣讲)(?:学习)?了(?P<topic>[^，。；！;!\n]{{2,120}}?){_END}",
        f"(?:(?<=[，。；、])|^)(?:会议|大会|会上|大家|一致|表决)*(?:研究|讨论|审议|通过|传达|部署|观看|收看|通报|听取|宣读|布置)(?P<topic>[^，。；！;!\n了]{{2,120}}?){_END}",
        "就(?P<topic>[^，。；]{2,60}?)(?:进行|开展|作|做|谈|展开|交换)",
        f"(?:反映|提出|建议|(?<=[，。；])说(?:的是|是)?)(?:了|：|:)?(?P<topic>[^，。；！;!\n]{{4,200}}?){_END}",
    )
)
_COUNT = re.compile("[0-9一二两三四五六七八九十百]+(?:多|余|来)?[人名位个]")
_EDGES = "“”\"'：:、 了"
_TAIL = re.compile("(?:等(?:内容|文件|精神)?|的(?:学习|主题|内容))$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """``text`` as shown, and where the words stand."""

    start: int
    end: int
    text: str


def find_topics(text: str) -> list[Topic]:
    """Every stretch that says what something was about, left to right, none inside another."""
    found: list[Topic] = []
    for pattern in _MARKERS:
        for match in pattern.finditer(text):
            start, end = match.span("topic")
            shown = _TAIL.sub("", match["topic"].strip(_EDGES)).strip(_EDGES)
            is_taken = any(one.start < end and start < one.end for one in found)
            if shown and not is_taken and not _COUNT.match(shown):
                found.append(Topic(start=start, end=end, text=shown))
    return sorted(found, key=lambda one: one.start)
