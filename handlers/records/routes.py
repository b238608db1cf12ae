"""The part of the command table that is about records and reports."""

from __future__ import annotations

from dataclasses import dataclass

from bot.messages import Role
from bot.routing import Router
from handlers.records.check_in_dialogue import CheckInDialogue, is_answer, is_photo
from handlers.records.dialogue import RecordsDialogue, is_yes_or_no, may_be_answer
from handlers.records.form_dialogue import FormDialogue, may_answer
from handlers.reports.dialogue import ReportsDialogue

_IN_CHARGE = frozenset({Role.ADMIN, Role.OFFICER, Role.SECRETARY, Role.BRANCH_SECRETARY})
_SEES = _IN_CHARGE | {Role.GUIDANCE, Role.DISCIPLINE}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRoutes:
    """Built once, in ``bot.app``."""

    check_in: CheckInDialogue
    records: RecordsDialogue
    reports: ReportsDialogue
    forms: FormDialogue

    def add_to(self, router: Router) -> None:
        """Commands and phrases; words of check-ins take the fast lane."""
        self._add_commands(router)
        router.phrase(is_yes_or_no, to=self.records.decided)
        router.phrase(self.forms.is_filling, to=self.forms.answer)
        router.phrase(may_answer, to=self.forms.answer, is_fast=False)
        router.phrase(is_answer, to=self.check_in.answer)
        router.phrase(is_photo, to=self.check_in.photo)

    def add_late_to(self, router: Router) -> None:
        """Phrases that come after everybody else's."""
        router.phrase(may_be_answer, to=self.records.completed, is_fast=False)
        router.phrase(self.records.may_tell, to=self.records.told, is_fast=False)

    def _add_commands(self, router: Router) -> None:
        router.command(
            "签到", "打卡", "checkin", to=self.check_in.command, is_fast=True,
            help="签到，也可以直接发“到”；开始、催一下、名单、结束、代签由组织者用",
            example="/签到 开始 主题党日 今天下午3点到4点",
        )  # fmt: skip
        router.command(
            "请假", to=self.check_in.leave, is_fast=True,
            help="为正在进行的签到请假，写上事由", example="/请假 外出开会",
        )  # fmt: skip
        router.command(
            "补签", to=self.check_in.make_up, is_fast=True,
            help="签到结束后申请补签，写上说明", example="/补签 当时手机没电",
        )  # fmt: skip
        router.command(
            "记录", "record", to=self.records.command,
            help="我的记录；看、改、撤回一条。登记直接说一句话就行", example="/记录 12",
        )  # fmt: skip
        router.command(
            "填报", "form", to=self.forms.command, is_fast=True,
            help="一步一步填一张表；继续、网页、提交、改、放弃", example="/填报 季度体检",
        )  # fmt: skip
        router.command("存记录", to=self.records.tapped, is_hidden=True, is_fast=True)
        router.command(
            "统计", "stats", to=self.reports.statistics, needs=_SEES,
            help="单位这段时间的活动、参与、缺漏，附图", example="/统计 第一支部 9月",
        )  # fmt: skip
        router.command(
            "月报", to=self.reports.monthly, needs=_SEES,
            help="月报：文字、图、Word 和 Excel", example="/月报 上月",
        )  # fmt: skip
        router.command(
            "年报", to=self.reports.yearly, needs=_SEES,
            help="年报；一月份给的是上一年", example="/年报 2026年",
        )  # fmt: skip
        router.command(
            "我的数据", to=self.reports.own_data,
            help="把保存的关于自己的全部数据打包发给自己", example="/我的数据",
        )  # fmt: skip
