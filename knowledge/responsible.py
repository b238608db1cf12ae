"""Who a clause makes responsible, as printed: in it, in its sentence, or the whole plan's body."""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge.bodies import BODY, Bodies
from knowledge.clauses import ACTS, NUMBER, pieces_of

_ENDS = (
    "局|学校|小学|中学|校|院|园|委|办|部|组|室|科|股|处|站|所|中心|单位|支部|组织|书记|校长|园长|主任|教师|教职工|党员|干部|"
    "代表|团|会|政府|财政|督学|联盟|班子|专班|机关|负责人|责任人|街道|镇|乡|县|区|市|员|人员|队|工委|公司|机构|家长|食堂|级|班|馆|医|部门"
)
_BEGINS = (
    "按照|按|每[年月周日天季学半两个隔]|应|须|要|将|于|在|向|对|从|至少|负责|牵头|承办|定期|及时|适时|不定期|全年|年[底末初]|会同|联合|"
    "[0-9]{1,2}月|统筹|需|必须|共同|分别|认真|积极|切实|严格|发挥|主要|集中|指定|不少于|配合|逐|多次|先后|也|均|都|进一步"
)
_VERBS = "|".join(sorted(ACTS, key=len, reverse=True))
_SUBJECT = re.compile(
    rf"^{NUMBER}(?:由|请|以)?(?P<body>[\u4e00-\u9fff“”（）()、0-9—\-]{{0,24}}?(?:{_ENDS})(?:[（(][^（）()]{{1,8}}[）)])?)"
    rf"(?={_BEGINS}|{_VERBS})"
)
_STARTS_WITH_ACT = re.compile(
    rf"^{NUMBER}(?:先后|分|大力|下设|首批|与|和|同时|继续|持续|深入|通过|{_VERBS}|对|把|将|在|于|以|为|从|按|根据|结合|用好)"
)
_TIME_FIRST = re.compile(
    r"^(?:每[^，]{1,4}?[年月周天日期度]|[0-9]{1,2}月(?:[0-9]{1,2}日)?[底初末]?前?|全年|年[底末初]前?|[暑寒][期假]|[^，]{1,8}期间)"
)
_LEADS = re.compile(
    rf"(?:责任(?:单位|科室|部门|人)|牵头(?:单位|科室|部门)|责任)[:：]\s*(?P<body>{BODY}(?:[、，,和及](?:{BODY}))*)"
)
_IN_CHARGE = re.compile(
    r"由(?P<body>[^，。；由]{2,30}?)(?=承办|负责|牵头|具体|组织实施|会同|统一|按[月季周照])"
)
_ROLE_OF = re.compile(
    rf"发挥(?P<body>{BODY}(?:[、和及](?:{BODY}))*)(?:等[\u4e00-\u9fff]{{0,6}})?(?:的)?[^，。]{{0,8}}作用"
)


def responsible_of(quote: str, sentence: str, before: str, bodies: Bodies) -> str | None:
    """As printed, nearest first: the clause, its sentence, the whole document, the duty before."""
    for text in (quote, sentence):
        for pattern in (_LEADS, _IN_CHARGE):
            if match := pattern.search(text):
                return match["body"]
        subjects = list(_subjects(text[: text.find(quote) + len(quote)]))
        if subjects:
            return subjects[0] if text is quote else subjects[-1]
        if match := _ROLE_OF.search(text):
            return match["body"]
    return bodies.whole or next(_subjects(before), None)


def _subjects(text: str) -> Iterator[str]:
    """What stands before the verb of each clause, where it names a body or a person."""
    for piece in pieces_of(text):
        words = _TIME_FIRST.sub("", piece)
        if not _STARTS_WITH_ACT.match(words) and (match := _SUBJECT.match(words)):
            yield match["body"]
