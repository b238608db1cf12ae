"""What the log calls what somebody did, and what it was done to, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping

DEEDS: Mapping[str, str] = {
    "documents.add": "添加文件",
    "documents.retire": "停用文件",
    "documents.remove": "删除文件",
    "documents.restore": "恢复文件",
    "documents.show_to": "改可见范围",
    "roster.import": "导入花名册",
    "roster.sync": "同步花名册",
    "member.add": "添加成员",
    "member.deactivate": "停用成员",
    "member.reactivate": "恢复成员",
    "member.prefer": "改常用平台",
    "role.give": "给角色",
    "role.take": "去掉角色",
    "group.change": "改片区",
    "account.bind": "绑定账号",
    "join.approved": "同意加入",
    "join.refused": "谢绝加入",
    "question.route": "转问题",
    "question.answer": "答复问题",
    "question.close": "关闭问题",
    "standing.retire": "停用答复",
    "standing.expiry": "改答复有效期",
    "broadcast.send": "发通知",
    "broadcast.chase": "催通知",
    "broadcast.recall": "撤回通知",
    "record.correct": "改记录",
    "record.withdraw": "撤回记录",
    "record.move": "办理记录",
    "records.export": "导出台账",
    "form.open": "开放填报",
    "form.put_off": "改填报截止时间",
    "form.close": "结束填报",
    "form.limit": "定办理期限",
    "form.export": "打包材料",
    "indicators.import": "导入指标",
    "indicators.rate": "评分",
    "proofs.export": "导出佐证",
    "delivery.resend": "再发一次",
    "delivery.give_up": "不再发送",
    "delivery.arrived": "算送到",
    "calendar.put": "改工作日历",
    "session.open": "登录管理网页",
    "session.close": "退出管理网页",
    "task.create": "交办任务",
    "task.accept": "签收任务",
    "task.start": "办理任务",
    "task.report": "反馈任务",
    "task.roll_call": "为任务签到",
    "task.decline": "退回任务",
    "task.confirm": "办结任务",
    "task.return": "退回任务重办",
    "task.give_again": "重新交办任务",
    "task.cancel": "取消任务",
    "task.cancelled": "取消任务",
    "task.paused": "暂停任务的提醒",
    "task.active": "恢复任务的提醒",
    "task.ask_postponement": "申请任务延期",
    "task.approve_postponement": "同意任务延期",
    "task.refuse_postponement": "不同意任务延期",
    "task.reschedule": "改任务时间",
    "task.attach": "交任务佐证",
    "task.ask_on_doubt": "提醒拿不准时先问人",
    "task.resend_on_doubt": "提醒拿不准时再发",
    "task.set_policy": "改提醒方式",
    "task.label": "把任务归到清单",
    "task.reassign": "改派任务",
    "task.hand_over": "转交任务",
    "task.check": "任务改为督办",
    "task.uncheck": "任务改为反馈即办结",
    "task.supersede": "由新任务接替",
    "people.export": "导出个人数据",
    "people.erase": "注销个人数据",
}
SUBJECTS: Mapping[str, str] = {
    "document": "文件",
    "roster": "花名册",
    "member": "成员",
    "join": "加入申请",
    "group": "片区",
    "question": "问题",
    "standing": "答复",
    "broadcast": "通知",
    "record": "记录",
    "records": "台账",
    "form-window": "填报",
    "record-type": "记录类型",
    "indicators": "指标",
    "indicator": "指标",
    "delivery": "消息",
    "calendar": "工作日历",
    "task": "任务",
    "settings": "配置",
}
_STATES: Mapping[str, str] = {
    "in_force": "有效",
    "superseded": "已被代替",
    "expired": "已过有效期",
    "retired": "已停用",
    "replaced": "已上传新版本",
    "removed": "已删除",
    "failed": "没发出去",
    "missed": "错过了时间",
    "uncertain": "不确定送到没有",
    "open": "等着发",
    "unanswered": "没答上来",
    "answered": "已答",
    "routed": "已转给人",
    "closed": "已处理",
}
_PERSONAL = re.compile(
    r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)|(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)"
)
_COUNTED = re.compile(r"(?P<records>\d+) records(?:, (?P<files>\d+) files)?")


def masked(text: str) -> str:
    """Phone and identity numbers without their middle."""
    return _PERSONAL.sub(lambda m: f"{m[1] or m[3]}****{m[2] or m[4]}", text)


def said(text: str | None) -> str:
    """What the log kept of before or after, for people to read."""
    words = masked(text or "")
    if words in _STATES:
        return _STATES[words]
    if counted := _COUNTED.fullmatch(words):
        files = f"，{counted['files']} 个文件" if counted["files"] else ""
        return f"{counted['records']} 条记录{files}"
    return words
