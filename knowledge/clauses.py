"""Sentences of officialese cut into clauses, each with the part it plays.

A *frame* says by what or under what (围绕…, 借助…), a *general* clause names a field (加强…建设,
深化…), a *specific* one names something done (建立…机制, 开展…活动), an *outcome* what comes of
it (打造…), a *goal* what for (确保…, 提升…), a *measure* how much (覆盖率达到…). A *verbal* one
begins with some other verb; anything else continues the clause before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from knowledge.bodies import BODY
from knowledge.cadence import has_date, read_cadence


class ClauseRole(StrEnum):
    """What a clause does in its sentence."""

    FRAME = "frame"
    GENERAL = "general"
    SPECIFIC = "specific"
    OUTCOME = "outcome"
    GOAL = "goal"
    MEASURE = "measure"
    VERBAL = "verbal"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """``start``/``end`` are offsets into the text given; the verb is the one that set the role."""

    start: int
    end: int
    text: str
    role: ClauseRole
    verb: str = ""
    verb_at: int = 0
    is_timed: bool = False
    """It prints an interval or a date of its own."""


_SPECIFIC = """
建立 建立健全 健全 健全完善 完善 制定 制订 修订 修订完善 出台 印发 制发 编制 编印 整理 成立
组建 设立 设置 配备 配齐 遴选 选派 选拔 选优配强 选聘 招聘 开展 组织 举办 召开 举行 承办 召集
实施 实行 推行 启动 落实 执行 严格执行 严格落实 做好 办好 抓好 建好 管好 上好 讲好 抓实 做实
签订 签署 报送 上报 报告 提交 申报 评选 评比 表彰 检查 督查 督导 巡查 排查 整改 整治 查处 核查
审计 考核 评估 测评 述职 评议 公示 公开 公布 发布 走访 慰问 家访 回应 受理 办理 处置 登记 建档
记录 记载 备案 归档 培训 轮训 宣讲 宣传 学习研讨 参观 观摩 比赛 竞赛 演练 体检 资助 发放 下拨
拨付 创建 新建 改建 扩建 新建改建 改造 改造提升 建设 建成 配置 采购 安装 更新 更换 维修 严把
纳入 列入 列为 探索 试点 结对 帮扶 联系 确定 明确 分解 细化 梳理 征集 收集 推荐 推选 接受 参加
参与 完成 竣工 投用 保证 保障 构建 推出 提醒 约谈 通报 进行 给予 优先 单列 统筹安排 检测 监测
筛查 核实 清理 清查 取缔 规范 统筹 安排 调度 部署 交办 送 汇编 汇总 上传 下发 张贴 悬挂 设 开设
开齐 开足 开发 研制 评审 发展党员 讲 接入 反馈 督办 抽查 复核 验收 展示 聘任 聘请 建档立卡
""".split()
_GENERAL = """
加强 加大 强化 深化 深入推进 推进 持续推进 全面推进 改进 优化 严肃 狠抓 紧抓 突出 注重 重视
巩固 巩固拓展 巩固深化 拓展 拧紧 健全落实 深入落实 全面落实 一体推进 统筹推进 继续推进 扎实推进
抓牢 抓紧 压实 夯实 严明 守好 维护好 支持 鼓励 倡导 关心 关爱 培养 发展
""".split()
_OUTCOME = "打造 培育 形成 树立 培树 选树 搭建".split()
_GOAL = """
确保 提高 提升 增强 推动 促进 带动 引导 凝聚 弘扬 营造 激发 丰富 维护 实现 助力 赋能 破解 防范
防范化解 化解 解决 减轻 方便 满足 让 使 达成 坚决维护 不断提高 不断增强 不断提升 切实提高
切实增强 切实提升 全力构筑 构筑 力争 力求 努力 全面提升 全面提高 进一步提高 推动形成 彰显 体现
发扬 保持 抓早抓小 做到 为 帮助 促使 教育引导 有效提升 有力推动 打破 打通 合力 达到
""".split()
_FRAME = """
用好 运用 坚持 围绕 以 把 将 按照 根据 依据 依托 借助 通过 利用 发挥 结合 立足 聚焦 针对 对照
依照 遵循 贯彻 深入贯彻 学习贯彻 深入学习 深入学习贯彻 认真贯彻 全面贯彻 在 对 对于 从 围绕着
充分利用 充分发挥 积极发挥 始终 牢固树立 树牢 坚定 瞄准 紧扣 紧紧围绕 遵守 鉴于 为了 近年来 各
由 结合实际 会同
""".split()
_ROLES: dict[str, ClauseRole] = {
    **dict.fromkeys(_FRAME, ClauseRole.FRAME),
    **dict.fromkeys(_GOAL, ClauseRole.GOAL),
    **dict.fromkeys(_OUTCOME, ClauseRole.OUTCOME),
    **dict.fromkeys(_GENERAL, ClauseRole.GENERAL),
    **dict.fromkeys(_SPECIFIC, ClauseRole.SPECIFIC),
}
ACTS = frozenset((*_SPECIFIC, *_GENERAL, *_OUTCOME, *_GOAL)) - {
    "为",
    "让",
    "使",
    "合力",
    "送",
    "设",
    "讲",
}
"""Verbs that may follow the one who acts."""
_DIGIT = "[0-9一二三四五六七八九十]"
NUMBER = rf"(?:第[^条]{{1,6}}条\s*|[（(]?{_DIGIT}+[)）.、．]|{_DIGIT}[是要])?"
"""The number an item may begin with."""
_LEADS_TO_A_VERB = frozenset("由 将 把 各 在 会同".split())
_ADVERBS = (
    r"(?:要|应当?|须|必须|需要?|并且?|同时|继续|持续|进一步|大力|积极|主动|认真|切实|扎实|深入|全面|不断|定期|及时|统一|"
    r"着力|全力|重点|同步|先后|逐步|严格|有序|稳步|广泛|经常|适时|共同|分别|按时|按期|牢牢|努力|坚决|充分|有效|高标准|高质量|"
    r"自觉|科学|精心|再|还|又|也|均|都|至少|每[年月周日季天][度初末]?|每学期|每季度|其中|另外|此外|[一二三四五六七八九]是|"
    rf"{_DIGIT}+(?!{_DIGIT})[.、．]?|已经?|共|首先|其次|最后|结合实际|探索|创新性?地?|制度化|常态化|全年|年内)*"
)
_NOT_A_VERB = (
    r"(?!的|者|制度(?!化)|人(?![员才])|电话|方式|率|单位|结果|(?<=组织)(?:保障|生活|设置|建设|关系|架构|领导|机构|部门|力)|"
    r"(?<=设)(?:施|备)|(?<=讲)(?:座|话|台|坛)|(?<=送)(?:达))"
)
_CAN_ACT = re.compile(_NOT_A_VERB)
_AT_START = re.compile(
    rf"^{NUMBER}[\s“”\"'（(]*{_ADVERBS}"
    rf"(?P<verb>(?:{'|'.join(sorted(_ROLES, key=len, reverse=True))}){_NOT_A_VERB})"
)
_BY_A_BODY = re.compile(
    rf"^{NUMBER}(?:由|各|全体|每[个所名])?(?:{BODY}|各[校县市区镇乡村科处室局院系组地级])"
    rf"(?:[、和及](?:{BODY}))*{_ADVERBS}"
    rf"(?P<verb>(?:{'|'.join(sorted(_SPECIFIC, key=len, reverse=True))}){_NOT_A_VERB})"
)
_TREATS = re.compile(r"对[^，]+?(?P<verb>进行|予以|给予|开展|实行|实施)")
_MODAL = re.compile(r"(?:应当?|必须|须|负责(?!人))(?P<verb>[\u4e00-\u9fff]{2})")
_LIMIT = r"(?:不少于|不低于|不超过|不高于|不多于|不得少于|不得低于|不得超过|低于|控制在)"
_RATE = re.compile(
    r"^.{0,16}?(?:率|比例|占比|权重|比重|时长|时间|期限|年限|[示存效限]期|总?额|标准|总量|人数|队伍|成员|规模|面积)"
    rf"[^，]{{0,8}}?(?:达到?(?=[0-9])|达到|{_LIMIT}|为(?=[0-9]))"
)
_ONLY_COUNTED = re.compile(rf"^(?:全年|每年|累计|原则上)*(?:{_LIMIT}|至少)[0-9]+[次场期轮]")
_LIMITED = re.compile(rf"{_LIMIT}(?![^，]*[0-9一二三四五六七八九十两](?:次|场|期|轮|节|篇))")
_COUNTED = re.compile(
    rf"(?:{_LIMIT}|至少)?[0-9一二三四五六七八九十两]{{1,6}}(?:次|场|期|轮)(?:以上)?$"
)
_WITHIN = re.compile(
    r"[0-9一二三四五六七八九十两]{1,6}个?(?:工作日|小时|天|日|分钟)(?:之|以)?内(?=[\u4e00-\u9fff]{2})|"
    r"提前[0-9一二三四五六七八九十两]{1,6}个?(?:工作日|天|日|小时|周|月)"
)
_AT_A_TIME = re.compile(r"(?:前|内|底|末|[月日]|每.|[定按]期|统一|及时|季度|学期)$")
_NAMES = re.compile(r"(?:单位|部门|人员|机构|同志)$")
_IN_CHARGE = re.compile(
    r"^由[^，]+?(?:承办|负责|牵头|配合|组织实施|解释)(?:[\u4e00-\u9fff]{0,4}|[^，]{0,16}配合)$"
)
_AMOUNT = re.compile(
    r"每[生人名校班][^，]{0,4}[0-9.]{1,9}(?:万|千|百)?元$|[0-9.]{1,9}(?:万|千|百)?元$"
)
_FOLLOWS = re.compile(
    r"^(?:发现|(?:认真|精心|周密)(?:组织|部署|安排|筹备)|[\u4e00-\u9fff]{2,4}结果(?!应)|[\u4e00-\u9fff]{2}情况[在予纳作向]|逾期|不合格|情节|凡|如有|未按|[\u4e00-\u9fff]{2,6}不合格)|不合格的"
)
_FORBIDS = re.compile(r"严禁|禁止|不得|不准|杜绝|^不让|不(?:进行|纳入|布置|组织|举办|开展|安排)")
_BARE_LABEL = re.compile(r"^[\u4e00-\u9fff]{1,5}$")
_CLAUSE = re.compile(
    r"(?:“[^“”\n]{0,80}”|《[^《》\n]{0,80}》|（[^（）\n]{0,80}）|\([^()\n]{0,80}\)|(?<=[0-9])[,，](?=[0-9]{3})"
    r"|[^，,；;。！？!?：:])+"
)
_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]?")
_SUB_ITEM = re.compile(r"(?<=[：:，,；;。])(?=[一二三四五六七八九]是|第[一二三四五六七八九]，)")
_NUMBERED = re.compile(
    r"\s*(?:[（(]?[一二三四五六七八九十0-9]+[)）.．、]|[一二三四五六七八九]是|第.{1,4}[条章节]|[①-⑳])"
)
_LINE_CHARS = 16
"""A shorter line without a stop at its end is a heading, not the first part of a wrapped one."""


def sentences_of(text: str) -> Iterator[tuple[int, str]]:
    """Offset and text of each; an inner 一是 begins one, too."""
    for match in _SENTENCE.finditer(text):
        at = match.start()
        for part in _SUB_ITEM.split(match.group()):
            if part.strip():
                yield at, part
            at += len(part)


def unwrapped(text: str) -> tuple[str, list[int]]:
    """``text`` without the line ends that cut a sentence, and where each character stood."""
    kept: list[int] = []
    line_start = 0
    for at, character in enumerate(text):
        if character == "\n":
            line = text[line_start:at].rstrip()
            line_start = at + 1
            if _is_wrapped(line) and not _NUMBERED.match(text, at + 1):
                continue
        kept.append(at)
    return "".join(text[at] for at in kept), kept


def _is_wrapped(line: str) -> bool:
    if line.endswith(("，", ",", "、")):
        return True
    if _NUMBERED.match(line) and not re.search("[。；;，,]", line):
        return False
    return len(line) >= _LINE_CHARS and not line.endswith(tuple("。；;：:！？!?"))


def pieces_of(sentence: str) -> list[str]:
    """The clauses' words only."""
    return [match.group().strip() for match in _CLAUSE.finditer(sentence)]


def clauses_of(sentence: str, offset: int = 0) -> list[Clause]:
    """Cut at commas and colons, and say what part each clause plays."""
    clauses: list[Clause] = []
    for match in _CLAUSE.finditer(sentence):
        raw = match.group()
        text = raw.strip()
        if not text or (sentence[match.end() :][:1] in "：:" and _BARE_LABEL.match(text)):
            continue
        start = offset + match.start() + len(raw) - len(raw.lstrip())
        is_timed = has_date(text) or read_cadence(text).rule is not None
        is_timed = is_timed and not _IN_CHARGE.match(text)
        role, verb, at = _role(text, is_timed=is_timed)
        clauses.append(
            Clause(
                start=start,
                end=start + len(text),
                text=text,
                role=role,
                verb=verb,
                verb_at=at,
                is_timed=is_timed,
            )
        )
    return clauses


def _role(text: str, *, is_timed: bool) -> tuple[ClauseRole, str, int]:
    if _FOLLOWS.search(text) or _FORBIDS.search(text) or _IN_CHARGE.match(text):
        return ClauseRole.OTHER, "", 0
    if match := _AT_START.match(text):
        role = _ROLES[match["verb"]]
        if role is ClauseRole.FRAME:
            return _role_of_frame(text, match["verb"], match.start("verb"), is_timed=is_timed)
        if role is not ClauseRole.GOAL and _RATE.match(text):
            return ClauseRole.MEASURE, "", 0
        return role, match["verb"], match.start("verb")
    if _RATE.match(text) or _ONLY_COUNTED.match(text):
        return ClauseRole.MEASURE, "", 0
    for pattern in (_BY_A_BODY, _TREATS):
        if match := pattern.match(text):
            return ClauseRole.SPECIFIC, match["verb"], match.start("verb")
    if found := _inner_verb(text):
        return ClauseRole.SPECIFIC, *found
    if match := _MODAL.search(text):
        return ClauseRole.SPECIFIC, match["verb"], match.start("verb")
    if _AMOUNT.search(text):
        return ClauseRole.OTHER, "", 0
    if _WITHIN.search(text) or _COUNTED.search(text) or (is_timed and _has_verb(text)):
        return ClauseRole.SPECIFIC, "", 0
    if _LIMITED.search(text):
        return ClauseRole.MEASURE, "", 0
    return _leading_verb(text)


def _role_of_frame(
    text: str, frame: str, at: int, *, is_timed: bool
) -> tuple[ClauseRole, str, int]:
    if match := _TREATS.match(text, at):
        return ClauseRole.SPECIFIC, match["verb"], match.start("verb")
    if match := _BY_A_BODY.match(text):
        return ClauseRole.SPECIFIC, match["verb"], match.start("verb")
    if frame in _LEADS_TO_A_VERB and (found := _inner_verb(text)):
        return ClauseRole.SPECIFIC, *found
    if frame == "各" and is_timed and _has_verb(text):
        return ClauseRole.SPECIFIC, "", 0
    return ClauseRole.FRAME, frame, at


def _inner_verb(text: str) -> tuple[str, int] | None:
    """A specific verb behind the subject, with where it stands."""
    import rjieba

    at, before = 0, ""
    for word, tag in rjieba.tag(text):
        is_verb = (tag.startswith("v") and tag != "vn") or _AT_A_TIME.search(before) is not None
        names_act = _ROLES.get(word) in {ClauseRole.SPECIFIC, ClauseRole.OUTCOME}
        if at and names_act and is_verb and _CAN_ACT.match(text, at + len(word)):
            return word, at
        at, before = at + len(word), word
    return None


def _has_verb(text: str) -> bool:
    import rjieba

    return any(tag.startswith("v") for _, tag in rjieba.tag(text))


def _leading_verb(text: str) -> tuple[ClauseRole, str, int]:
    import rjieba

    at = 0
    for word, tag in rjieba.tag(text):
        if tag.startswith("v") and tag != "vn" and len(word) > 1 and not _NAMES.search(text):
            return ClauseRole.VERBAL, word, at
        if not tag.startswith(("d", "a", "m")):
            break
        at += len(word)
    return ClauseRole.OTHER, "", 0
