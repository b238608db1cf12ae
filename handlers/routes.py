"""The command table: which words go where. /帮助 and the README are checked against it."""

from __future__ import annotations

from bot.messages import Role
from bot.routing import Handler, Router
from handlers.ask.dialogue import AskDialogue, asks_for_original, is_thumb
from handlers.calendars.dialogue import CalendarDialogue, is_year_file
from handlers.documents.dialogue import DocumentsDialogue
from handlers.help import Help
from handlers.records.routes import RecordRoutes
from handlers.reminders.dialogue import RemindersDialogue, is_wish_message
from handlers.reports.routes import ReportRoutes
from handlers.running import RunningRoutes
from handlers.tasks.dialogue import TasksDialogue, is_free_text, is_task_reply
from handlers.tasks.draft_dialogue import is_draft_answer
from handlers.tasks.feeds import Feeds
from handlers.tasks.sheet_dialogue import SheetDialogue, is_choice, is_sheet

_IN_CHARGE = frozenset({Role.ADMIN, Role.OFFICER, Role.SECRETARY, Role.BRANCH_SECRETARY})


def build_router(
    ask: AskDialogue,
    documents: DocumentsDialogue,
    help: Help,
    tasks: TasksDialogue,
    reminders: RemindersDialogue,
    feeds: Feeds,
    records: RecordRoutes | None = None,
    running: RunningRoutes | None = None,
    reports: ReportRoutes | None = None,
    calendars: CalendarDialogue | None = None,
    sheets: SheetDialogue | None = None,
    media: Handler | None = None,
) -> Router:
    """Every command, phrase and kind of message, once."""
    question: Handler = ask.question
    enter: Handler = help.help
    if running is not None:
        question, enter = running.people.welcoming(question), running.people.enter
    router = Router(otherwise=question, feedback=ask.feedback, enter=enter, media=media or question)
    router.command(
        "帮助", "help", "?", to=help.help, help="能做什么，怎么说", example="/帮助", is_fast=True
    )
    router.command("问", "ask", to=ask.asked, is_hidden=True)
    router.command(
        "来源", "出处", "source", to=ask.sources,
        help="上一个回答引用的条款，看全文", example="/来源 1",
    )  # fmt: skip
    router.command(
        "原文", "original", to=ask.original,
        help="把引用的原文件发过来，也可以说“把原文发我”", example="/原文",
    )  # fmt: skip
    router.command(
        "文档", "文件", "documents", to=documents.documents_command,
        help="有哪些文件；加名称看一份", example="/文档 党建工作要点",
    )  # fmt: skip
    if reports is not None:
        reports.add_files_to(router)
    if calendars is not None:
        router.command(
            "放假安排", "节假日", "holidays", to=calendars.command, needs=Role.ADMIN,
            help="知道到哪一年；贴上国务院通知的文字或发 .json 年度文件，新的一年马上生效",
            example="/放假安排 2027年 元旦：1月1日至3日放假，1月4日上班",
        )  # fmt: skip
        router.phrase(is_year_file, to=calendars.file, is_fast=False)
    if sheets is not None:
        router.command("任务表", to=sheets.chosen, is_hidden=True)
        router.phrase(is_sheet, to=sheets.file, is_fast=False)
        router.phrase(is_choice, to=sheets.chosen, is_fast=False)
    if running is not None:
        running.add_to(router)
    _add_reminders(router, reminders, feeds)
    _add_tasks(router, tasks)
    if records is not None:
        records.add_to(router)
    if reports is not None:
        reports.add_to(router)
    router.phrase(asks_for_original, to=ask.original)
    router.phrase(is_thumb, to=ask.thumb)
    router.phrase(is_wish_message, to=reminders.wish)
    router.phrase(is_draft_answer, to=tasks.drafts.answered)
    router.phrase(is_task_reply, to=tasks.reply)
    router.phrase(is_free_text, to=tasks.answered, is_fast=False)
    router.phrase(is_free_text, to=reminders.answered, is_fast=False)
    if records is not None:
        records.add_late_to(router)
    help.visible = router.visible
    return router


def _add_reminders(router: Router, reminders: RemindersDialogue, feeds: Feeds) -> None:
    router.command(
        "提醒", "remind", to=reminders.command, is_fast=True,
        help="接下来的提醒；设一个直接说“提醒我明天下午3点交材料”", example="/提醒",
    )  # fmt: skip
    router.command(
        "日历", "calendar", to=feeds.command, is_fast=True,
        help="手机日历订阅地址和任务网页；/日历 作废 收回", example="/日历",
    )  # fmt: skip
    router.command("确认", to=reminders.tapped_yes, is_hidden=True, is_fast=True)
    router.command("算了", to=reminders.tapped_no, is_hidden=True, is_fast=True)
    router.command("选", to=reminders.tapped_choice, is_hidden=True, is_fast=True)


def _add_tasks(router: Router, tasks: TasksDialogue) -> None:
    router.command(
        "我的任务", "mine", to=tasks.mine, is_fast=True,
        help="没办完的任务；加“全部”连办完的也看", example="/我的任务",
    )  # fmt: skip
    router.command(
        "任务", "task", to=tasks.command,
        help="单位的任务；草拟 文件名、对比 文件名、逾期、延期、导出、标签 名称、编号",
        example="/任务 草拟 《党建工作要点》",
    )  # fmt: skip
    router.command("草稿", to=tasks.drafts.answered, is_hidden=True)
    for names, to, help, example in (
        (("签收", "收到"), tasks.accept, "签收一项任务", "/签收 12"),
        (("办理",), tasks.start, "开始办理", "/办理 12"),
        (("完成", "已完成", "反馈"), tasks.report, "办好了，可以写说明", "/完成 12 材料已报"),
        (("退回",), tasks.decline, "不该自己办的退回，写上原因", "/退回 12 不归我校"),
        (("延期",), tasks.postpone, "申请延期，写上原因", "/延期 12 到下周五 因为材料没齐"),
        (("稍后", "稍后提醒"), tasks.snooze, "过一会儿再提醒", "/稍后 12 明天8点"),
    ):
        router.command(*names, to=to, help=help, example=example, is_fast=True)
    for names, to, help, example in (
        (("办结",), tasks.close, "确认一项任务办结", "/办结 12"),
        (("重办",), tasks.back, "退回重办，写上原因", "/重办 12 照片不清楚"),
        (("交办",), tasks.again, "把退回的任务再交办一次", "/交办 12"),
        (("转交",), tasks.hand_over, "把一个人没办完的任务交给另一个人", "/转交 12 张三"),
        (("批准", "同意延期"), tasks.approve, "同意延期", "/批准 12"),
        (("不批准", "不同意延期"), tasks.refuse, "不同意延期", "/不批准 12 时间紧"),
    ):
        router.command(*names, to=to, needs=_IN_CHARGE, help=help, example=example, is_fast=True)
    router.command(
        "取消", to=tasks.cancel, is_fast=True,
        help="取消自己设的提醒或交办的任务", example="/取消 12",
    )  # fmt: skip
