"""Sentences of officialese -> the separate duties they put on somebody.

A clause plays one of five parts. A *frame* says by what or under what (围绕…, 借助…, 把…作为…), a
*general* one names a field (加强…建设, 深化…), a *specific* one names something done (建立…机制,
开展…活动), a *goal* says what for (确保…, 提升…), anything else continues the clause before.
A duty is one specific clause with the frame or general clause that leads to it; goals are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from knowledge.cadence import read_cadence

MERGE_CHARS = 40
"""A clause that explains or continues a duty joins its quote only up to this length."""
LEAD_CHARS = 48
"""The same for what leads to it: the occasion, the field."""


class ClauseRole(StrEnum):
    FRAME = "frame"
    GENERAL = "general"
    SPECIFIC = "specific"
    OUTCOME = "outcome"
    """打造…, 培育…, 形成一批…: a duty of its own, or the result of the one before."""
    GOAL = "goal"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """``start``/``end`` span the quote; ``core`` is the clause that says what is done."""

    start: int
    end: int
    core: Clause


_SPECIFIC = """
建立 建立健全 健全 健全完善 完善 制定 制订 修订 出台 印发 制发 编制 编印 整理 成立 组建 设立 设置 配备 配齐 遴选 选派 选拔 选优配强 选聘 招聘
开展 组织 举办 召开 举行 承办 召集 实施 实行 推行 启动 落实 执行 严格执行 严格落实 做好 办好 抓好 建好 管好 上好 讲好 抓实 做实 签订 签署
报送 上报 报告 提交 申报 评选 评比 表彰 检查 督查 督导 巡查 排查 整改 整治 查处 核查 审计 考核 评估 测评 述职 评议 公示 公开 公布 发布
走访 慰问 家访 回应 受理 办理 处置 登记 建档 记录 记载 备案 归档 培训 轮训 宣讲 宣传 学习研讨 参观 观摩 比赛 竞赛 演练 体检 资助 发放 下拨 拨付
创建 新建 改建 扩建 建设 建成 配置 采购 安装 更新 更换 维修 严把 严禁 禁止 不得 杜绝 纳入 列入 列为 探索 试点 结对 帮扶 联系
确定 明确 分解 细化 梳理 征集 收集 推荐 推选 接受 参加 参与 完成 竣工 投用 达到 不少于 不低于 保证 保障 构建 推出 举措 完成率 提醒 约谈 通报
进行 给予 优先 单列 统筹安排 检测 监测 筛查 核实 清理 清查 取缔 规范 统筹 安排 调度 部署 交办 送 给 汇编 汇总 上传 下发 张贴 悬挂 设 开设 开齐 开足 开发 研制 评审
""".split()
_GENERAL = """
加强 加大 强化 深化 深入推进 推进 持续推进 全面推进 改进 优化 严肃 狠抓 紧抓 突出 注重 重视 巩固 巩固拓展 巩固深化 拓展 拧紧 健全落实
深入落实 全面落实 一体推进 统筹推进 继续推进 扎实推进 抓牢 抓紧 压实 夯实 严明 守好 维护好 支持 鼓励 倡导 关心 关爱 培养 发展
""".split()
_OUTCOME = "打造 培育 形成 树立 培树 选树 搭建".split()
_GOAL = """
确保 提高 提升 增强 推动 促进 带动 引导 凝聚 弘扬 营造 激发 丰富 维护 实现 助力 赋能 破解 防范 防范化解 化解 解决 减轻 方便 满足 让 使 达成
坚决维护 不断提高 不断增强 不断提升 切实提高 切实增强 切实提升 全力构筑 构筑 力争 力求 努力 全面提升 全面提高 进一步提高 推动形成 彰显 体现 发扬 保持
抓早抓小 做到 为 帮助 促使 教育引导 有效提升 有力推动 打破 打通 合力
""".split()
_FRAME = """
用好 运用 坚持 围绕 以 把 将 按照 根据 依据 依托 借助 通过 利用 发挥 结合 立足 聚焦 针对 对照 依照 遵循 贯彻 深入贯彻 学习贯彻 深入学习贯彻 深入学习 认真贯彻
全面贯彻 在 对 对于 从 围绕着 充分利用 充分发挥 积极发挥 始终 牢固树立 树牢 坚定 瞄准 紧扣 紧紧围绕 遵守 鉴于 为了 为 近年来 各 由 结合实际
""".split()
_ROLES: dict[str, ClauseRole] = {
    **dict.fromkeys(_FRAME, ClauseRole.FRAME),
    **dict.fromkeys(_GOAL, ClauseRole.GOAL),
    **dict.fromkeys(_OUTCOME, ClauseRole.OUTCOME),
    **dict.fromkeys(_GENERAL, ClauseRole.GENERAL),
    **dict.fromkeys(_SPECIFIC, ClauseRole.SPECIFIC),
}
_ADVERBS = (
    r"(?:要|应当?|须|必须|需要?|将|并|并且|同时|继续|持续|进一步|大力|积极|主动|认真|切实|扎实|深入|全面|不断|定期|及时|统一|"
    r"着力|全力|重点|同步|先后|逐步|严格|有序|稳步|广泛|经常|适时|共同|分别|按时|按期|牢牢|努力|坚决|充分|有效|高标准|高质量|"
    r"自觉|科学|精心|再|还|又|也|均|都|至少|每[年月周日季天][度初末]?|每学期|每季度|其中|另外|此外|一是|二是|三是|四是|五是|"
    r"[一二三四五六七八九十0-9]+[.、．]?|已经?|共|首先|其次|最后|结合实际|探索|创新性?地?|制度化|常态化)*"
)
_AT_START = re.compile(
    rf"^[\s“”\"'（(]*{_ADVERBS}(?P<verb>{'|'.join(sorted(_ROLES, key=len, reverse=True))})"
)
_CLAUSE = re.compile(r"[^，,；;。！？!?：:\n]+")
_CORES = frozenset({ClauseRole.SPECIFIC, ClauseRole.GENERAL, ClauseRole.OUTCOME})
_PRACTICES = frozenset({ClauseRole.SPECIFIC, ClauseRole.FRAME, ClauseRole.OTHER})
_ACTS = re.compile(r"(?:通过|采取|以)(?:组织|开展|举办|建立|召开|实行)|运用|用好")
_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]?")
_PARALLEL = re.compile(
    rf"、(?={_ADVERBS}(?:建立|健全|完善|制定|开展|组织|举办|召开|实施|评选|报送|打造|培育)[\u4e00-\u9fff“《])"
)


def duties_of(text: str, *, is_report: bool = False) -> Iterator[Duty]:
    """The duties of a passage in reading order; spans never overlap.

    Args:
        text: A passage.
        is_report: It tells what others did: a thing and what follows from it are one practice,
            and fields and outcomes are none.
    """
    for sentence in _SENTENCE.finditer(text):
        clauses = clauses_of(sentence.group(), sentence.start())
        duties = _of_sentence(clauses, joins=is_report)
        yield from (duty for duty in duties if not is_report or duty.core.role in _PRACTICES)


def clauses_of(sentence: str, offset: int = 0) -> list[Clause]:
    """Cut at commas and colons, and say what part each clause plays."""
    clauses: list[Clause] = []
    for match in _CLAUSE.finditer(sentence):
        raw = match.group()
        text = raw.strip()
        if not text:
            continue
        start = offset + match.start() + len(raw) - len(raw.lstrip())
        role, verb, at = _role(text)
        clauses.append(
            Clause(start=start, end=start + len(text), text=text, role=role, verb=verb, verb_at=at)
        )
    return clauses


def _role(text: str) -> tuple[ClauseRole, str, int]:
    if match := _AT_START.match(text):
        return _ROLES[match["verb"]], match["verb"], match.start("verb")
    import rjieba

    at = 0
    for word, tag in rjieba.tag(text):
        role = _ROLES.get(word)
        is_verb = tag.startswith("v") and tag != "vn"
        if at and role in {ClauseRole.SPECIFIC, ClauseRole.OUTCOME} and is_verb:
            return ClauseRole.SPECIFIC, word, at
        at += len(word)
    return ClauseRole.OTHER, "", 0


def _of_sentence(clauses: list[Clause], *, joins: bool) -> Iterator[Duty]:
    lead: list[Clause] = []
    core: Clause | None = None
    start = end = 0
    for clause in clauses:
        if core is None and clause.role not in _CORES:
            lead.append(clause)
            continue
        if core is not None:
            if joins or clause.role is not ClauseRole.SPECIFIC:
                if clause.end - start <= MERGE_CHARS:
                    end = clause.end
                    continue
                if clause.role not in _CORES:
                    continue
            if core.role is ClauseRole.SPECIFIC or clause.end - start > MERGE_CHARS:
                yield Duty(start=start, end=end, core=core)
                lead = []
            else:
                lead = [*lead, core]
        core, end = clause, clause.end
        start = _start(lead, core)
    if core is not None:
        yield Duty(start=start, end=end, core=core)
    else:
        yield from _of_frames(clauses)


def _of_frames(clauses: list[Clause]) -> Iterator[Duty]:
    """A sentence without a core still asks for what its frame does, or for what comes back."""
    whole = "".join(clause.text for clause in clauses)
    acting = next((clause for clause in clauses if _ACTS.search(clause.text)), None)
    if acting is None and read_cadence(whole).rule:
        acting = clauses[0]
    if acting is None:
        return
    reach = [one for one in clauses if one.start >= acting.start]
    end = acting.end
    for clause in reach[1:]:
        if clause.end - acting.start <= LEAD_CHARS + len(acting.text):
            end = clause.end
    yield Duty(start=acting.start, end=end, core=acting)


def _start(lead: list[Clause], core: Clause) -> int:
    """Where the quote begins: the nearest leads stay as long as it is short."""
    start = core.start
    for clause in reversed(lead):
        limit = LEAD_CHARS if clause.role is ClauseRole.FRAME else MERGE_CHARS
        if clause.role is ClauseRole.GOAL or core.end - clause.start > limit:
            break
        start = clause.start
    return start
