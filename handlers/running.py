"""The part of the command table that is about running it: people, questions, notices, the log."""

from __future__ import annotations

from dataclasses import dataclass

from bot.messages import Role
from bot.routing import Router
from handlers.confirmations import Confirmations, is_yes_or_no
from handlers.documents.uploading import Uploading, is_file
from handlers.journal import Journal
from handlers.notices.dialogue import NoticesDialogue, says_received
from handlers.people.dialogue import PeopleDialogue
from handlers.people.signing_in_dialogue import SignInDialogue
from handlers.questions.dialogue import QuestionsDialogue, quotes_question
from handlers.undo import Undo

_KEEPS = frozenset({Role.ADMIN, Role.OFFICER})
_IN_CHARGE = _KEEPS | {Role.SECRETARY, Role.BRANCH_SECRETARY}
_SEES = _IN_CHARGE | {Role.GUIDANCE, Role.DISCIPLINE}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRoutes:
    """Built once, in ``bot.app``."""

    people: PeopleDialogue
    questions: QuestionsDialogue
    notices: NoticesDialogue
    uploading: Uploading
    journal: Journal
    signing_in: SignInDialogue
    confirmations: Confirmations
    undo: Undo

    def add_to(self, router: Router) -> None:
        """Commands and phrases; a yes or no passes on when nothing of ours waits for it."""
        self._add_people(router)
        self._add_questions(router)
        self._add_keeping(router)
        router.command("确认执行", to=self.confirmations.yes, is_hidden=True, is_fast=True)
        router.command("放弃执行", to=self.confirmations.no, is_hidden=True, is_fast=True)
        router.phrase(is_yes_or_no, to=self.confirmations.said)
        router.phrase(quotes_question, to=self.questions.quoted)
        router.phrase(says_received, to=self.notices.said_received)
        router.phrase(is_file, to=self.uploading.file, is_fast=False)

    def _add_people(self, router: Router) -> None:
        people = self.people
        router.command(
            "加入", "join", to=people.join, is_fast=True,
            help="申请进花名册，管理员同意后就能收提醒、做登记",
            example="/加入 张三 云溪县第二中学",
        )  # fmt: skip
        router.command(
            "绑定", "bind", to=people.bind, is_fast=True,
            help="把另一个平台的账号也算作自己：先取验证码，再到那边发", example="/绑定 483920",
        )  # fmt: skip
        router.command(
            "常用平台", "platform", to=people.platform, is_fast=True,
            help="两个平台都有账号的，提醒发到哪边；写“自动”就跟着最近用的走",
            example="/常用平台 钉钉",
        )  # fmt: skip
        router.command(
            "成员", "members", to=people.members, needs=_SEES,
            help="花名册；管理员还可以添加、停用、恢复", example="/成员 停用 张三",
        )  # fmt: skip
        router.command(
            "角色", "role", to=people.role, needs=Role.ADMIN,
            help="给一个人角色，或去掉", example="/角色 张三 支部书记 云溪县第二中学",
        )  # fmt: skip
        router.command(
            "申请", to=people.wishes, needs=Role.ADMIN,
            help="等着审核的加入申请", example="/申请",
        )  # fmt: skip
        router.command(
            "片区", "group", to=people.group, needs=Role.ADMIN,
            help="把几个单位编成片区、结对，发通知时用", example="/片区 东片区 加 二中 实验小学",
        )  # fmt: skip
        router.command(
            "同意加入", to=people.approve, needs=Role.ADMIN, is_hidden=True, is_fast=True
        )
        router.command("谢绝加入", to=people.refuse, needs=Role.ADMIN, is_hidden=True, is_fast=True)

    def _add_questions(self, router: Router) -> None:
        router.command(
            "问题", "questions", to=self.questions.command, needs=_KEEPS | {Role.SECRETARY},
            help="没答上来的问题；关闭、转给别人、已有的答复、汇总", example="/问题",
        )  # fmt: skip
        router.command(
            "答", "答复", "answer", to=self.questions.answer, needs=Role.TEACHER,
            help="答复转给自己的问题，也可以引用那条消息直接回", example="/答 17 每年4月举办",
        )  # fmt: skip

    def _add_keeping(self, router: Router) -> None:
        router.command(
            "通知", "notify", to=self.notices.command, needs=_IN_CHARGE,
            help="发通知：先看发给多少人，确认后才发；看回执、催、撤回",
            example="/通知 云溪县第二中学 明天下午三点开会",
        )  # fmt: skip
        router.command("通知收到", to=self.notices.received, is_hidden=True, is_fast=True)
        router.command(
            "文档管理", "keep", to=self.uploading.command, needs=_KEEPS,
            help="停用、代替一份文件，或改谁能看；加文件请直接发文件",
            example="/文档管理 停用 《旧办法》",
        )  # fmt: skip
        router.command(
            "撤销", "undo", to=self.undo.undo, needs=Role.TEACHER,
            help="收回自己刚做的一件事（24 小时内）", example="/撤销",
        )  # fmt: skip
        router.command(
            "登录", "后台", "login", to=self.signing_in.command, needs=_SEES, is_fast=True,
            help="取一个登录管理网页的链接；/登录 作废 在所有地方退出", example="/登录",
        )  # fmt: skip
        router.command(
            "日志", "log", to=self.journal.command, needs=Role.ADMIN,
            help="谁在什么时候改了什么，改前改后", example="/日志 张三",
        )  # fmt: skip
