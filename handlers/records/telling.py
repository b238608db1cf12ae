"""Whether words tell what was done, or ask, plan, order or chat. Read where names are blanked."""

from __future__ import annotations

import re

HOLDING = (
    "(?:召开|开展|开|举行|举办|组织|进行|参加|参与|参观|搞|办|上|听|讲|作|做|去|完成|接受|接待|签订|签署|签|制定|制订|编制|出台|修订"
    "|报送|提交|上交|交|下拨|拨付|发布|发表|刊发|推送|受理|收到|接到|排查|落实|验收|成立|配备|建|走访|看望|慰问|过|填|学|谈|聊|评)"
)
_QUESTION = re.compile(
    "[?？]|[吗呢么嘛](?=[，。！!、]|$)|怎么|怎样|如何|为什么|为啥|什么|啥时|何时|几点|几号|多少|多久|哪[些个天里儿位种]|谁(?!都)"
    "|是否|是不是|有没有|能不能|(?:了|完|好)没有?(?=[，。！!]|$)|可不可以|要不要|需不需要|行不行|对不对|算不算|在哪"
)
_ORDER = re.compile(
    "请(?:各|大家|全体|所有|你|您|按时|准时|及时|于|务必|帮|把|在|通知|提前|尽快|自行|同志|党员|支部|问|相互|互相|注意|查收|知悉)"
    "|务必|记得|别忘|别(?:迟到|缺席|忘|晚)|勿|不要|不得|必须|要求[各全大所]|应当|帮我|帮忙|麻烦|提醒|通知[各全大一你我他]|快去|赶紧|抓紧|各支部要|大家要"
    "|(?:给|替)我(?:查|找|看|发|定|记)"
)
_PLAN = re.compile(
    "将(?:于|在|要|会|开|召|举|组|进)|准备(?:在|于|明|后|下|开|召|组|搞|去|举|办|上)|打算|计划(?:在|于|开|召|组|下|本|明|举|安排|去|搞)"
    "|拟(?:于|定|在|开|召|组)|定[于在]|预计|即将|(?<![重主需只必])要(?:开|召|举|组织|去|搞|做|上|参加|学|进行)|想(?:开|组|搞|办|请|去|问|安排)"
    "|希望|(?:^|我|我们|[。！])建议|如果|要是|假如|的话|安排在|改到|改在|放在|马上|待会|等会|一会儿"
)
_CALLED_OFF = re.compile(
    "取消|推迟|延期|改期|暂停|没有?(?:能|能够)?(?:开|召开|举行|举办|组织|开展|进行|搞|办|上)(?!始)"
    "|未(?:能)?(?:开|召开|举行|组织|开展|进行)|还没|尚未|不开了|不搞了|开不了"
)
_ALWAYS = re.compile("每(?:个)?(?:周|月|季|学期|年|天|两|半|星期)|按月|定期|经常")
_DONE = re.compile(
    f"{HOLDING}(?:了|过|完|好|毕)(?!吗)|了(?![，。！!,.~]|$|吗|没|吧|呢)|完(?![成全整善备])|已经?(?!故)|圆满|顺利|结束|到会|出席|"
    "刚刚|刚才|参加人员|缺席|请假|迟到|没来|未到|(?:收到|接到|来了?)[一二两三四五六七八九十0-9]+[条件起封]|(?:会|课|场)了|√|✓|(?:回来|归来)(?=[，。；]|$)"
)
_EXCLAIMED = re.compile(
    "太[^，。]{1,6}了|好[累困热冷烦忙]|真[的是]?[^，。]{0,4}|累死|[哈嘿呵]{2}|得(?:很|真|太|特别|非常|不错|好)"
)
_HELD = re.compile(f"{HOLDING}(?:了|过|完)?[^，。；]{{0,14}}$")
_ABOUT_IT = re.compile(
    "(?:活动|会议|会|工作|学习)?的?(?:通知|方案|照片|相片|时间|流程|材料|资料|记录|课件|预算|文件|新闻稿|签到表|名单|要求|安排|PPT|ppt|地点"
    "|议程|主持词|视频|截图|简报|讲稿|稿子|心得|体会|报道|总结)(?![:：])"
)
_BEFORE_IT = re.compile("(?:会议|会|活动)?(?:之|以)?前(?![往来去])")


def is_question(text: str) -> bool:
    """It asks."""
    return bool(_QUESTION.search(text))


def is_called_off(text: str) -> bool:
    """It did not take place."""
    return bool(_CALLED_OFF.search(text))


def is_intent(text: str) -> bool:
    """An order, a wish or a plan."""
    return bool(_ORDER.search(text) or _PLAN.search(text))


def is_habit(text: str) -> bool:
    """It says how often, not when."""
    return bool(_ALWAYS.search(text))


def is_done(text: str) -> bool:
    """Words of something finished, other than 太好了."""
    return bool(_DONE.search(_EXCLAIMED.sub("", text)))


def is_excuse(text: str, end: int) -> bool:
    """外出培训请假: why somebody was not there."""
    return text.startswith(("请假", "没来", "没到", "未到", "未参加", "没参加", "缺席"), end)


def is_ended(text: str, end: int) -> bool:
    """谈话了, 主题党日完了."""
    return text.startswith(("了", "过了", "完了", "完毕", "完成", "结束"), end)


def is_exclaimed(text: str) -> bool:
    """Chatter about how it was."""
    return bool(_EXCLAIMED.search(text))


def is_held(text: str, at: int) -> bool:
    """Whether a verb of holding governs what stands at ``at``."""
    return bool(_HELD.search(text, 0, at))


def is_only_about(text: str, end: int) -> bool:
    """主题党日的照片: what follows ``end`` makes it something else than the activity."""
    return bool(_ABOUT_IT.match(text, end))


def is_before_it(text: str, end: int) -> bool:
    """组织生活会前: it gives the time of something else."""
    return bool(_BEFORE_IT.match(text, end))
