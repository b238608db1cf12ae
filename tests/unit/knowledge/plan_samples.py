# ruff: noqa: E501 - documents are printed as they are
"""Invented plans, notices and lists, with what a careful reader finds in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from io import BytesIO

UNION_PLAN = """芦川市总工会2026年教职工服务工作要点

2026年，全市教育工会工作要围绕中心、服务大局，团结动员广大教职工建功立业。

一、强化思想引领
（一）加强理论武装。各基层工会每月至少开展一次读书分享会。举办“师说新语”演讲比赛，5月中旬前报送参赛作品。
（二）讲好身边故事。依托“芦川工会”公众号，每周推送一期教职工风采，全年不少于50期；选树“最美园丁”20名。
二、维护教职工权益
（三）健全民主管理制度。学校每学年至少召开一次教代会，凡重大事项必须提交教代会审议。每季度末公开一次学校财务情况。
（四）完善调解机制。各县区工会要在6月30日前建立调解组织，配备专兼职调解员不少于3名。对来信来访，7个工作日内答复。
三、丰富文体生活
（五）开展健身活动。3月至11月，分片区举办健步走、羽毛球等比赛；暑期组织疗休养，每批不超过40人。
（六）推进家园建设。新建“职工之家”15个，10月底前完成验收。
四、加强自身建设
（七）加强培训。每半年举办一期工会主席培训班，定期开展业务指导，持续改进工作作风。
（八）严格管理。按季度上缴工会经费，经费审查委员会每年对各单位进行一次审计，严禁截留、挪用。

芦川市总工会
2026年1月15日
"""

READING_NOTICE = """关于开展“书香满园”全民阅读活动的通知

沙坪镇中心学校各班级、各科室：

为营造良好的阅读氛围，学校决定开展“书香满园”阅读活动，现将有关事项通知如下。

一、活动安排
1. 启动阶段（4月1日至4月10日）。教导处制定活动方案，召开启动仪式，向全校师生发出倡议。
2. 实施阶段（4月11日至6月15日）。每周三下午第三节开设阅读课，不得占用。
3. 总结阶段。各班于6月20日前上交活动总结，学校评选“阅读之星”30名。
二、工作要求
安全办做好图书馆用电安全检查，发现隐患立即整改。少先队大队部每月向镇教育总支报送信息2条。
附件：1.阅读活动登记表

沙坪镇中心学校
2026年3月20日
"""

NEWS = """石桥镇：课后服务有了新花样

本报讯 近日，石桥镇中心小学开展了“非遗进校园”展示活动。学校每周三组织学生学习剪纸，成立了由12名老艺人组成的指导队。
该校校长表示，孩子们的笑脸让他们觉得一切都值得。学校先后获得全县文艺汇演一等奖。
"""

TABLE_HEAD = ("序号", "重点任务", "具体举措", "责任科室", "配合单位", "完成时限")
TABLE = (
    ("1", "规范办事流程", "1.公布办事指南；2.推行一次性告知制度；3.建立反馈台账", "政务股", "各股室",
     "2026年4月30日"),
    ("2", "", "严格落实首问负责制", "办公室", "各股室", "长期坚持"),
    ("3", "纠治文山会海", "统计发文开会数量并通报", "督查室", "", "每季度末"),
    ("4", "严明工作纪律", "开展上下班纪律抽查", "人事股", "机关党委", "每月至少2次"),
    ("5", "总结评估", "形成作风建设总结报告", "办公室", "", "12月10日前"),
)  # fmt: skip
SHEET_HEAD = ("编号", "任务类别", "工作任务", "牵头部门", "完成时间", "备注")
SHEET: Sequence[Sequence[str | int | date]] = (
    (1, "保育", "完成全园教职工健康体检", "后勤组", date(2026, 8, 25), ""),
    (2, "保育", "开展传染病晨午检并登记", "保健室", "每日", ""),
    (3, "教研", "组织园本教研活动", "教研组", "每两周一次", "做好记录"),
    (4, "家园", "召开家长会", "各班", "每学期2次", ""),
)


def table_docx() -> bytes:
    """A 责任清单; the second column of its first two rows is one merged cell."""
    import docx

    document = docx.Document()
    document.add_paragraph("石梁县教育局2026年作风建设责任清单")
    table = document.add_table(rows=1, cols=len(TABLE_HEAD))
    for row in (TABLE_HEAD, *TABLE):
        cells = table.rows[0].cells if row is TABLE_HEAD else table.add_row().cells
        for cell, words in zip(cells, row, strict=True):
            cell.text = words
    table.cell(1, 1).merge(table.cell(2, 1))
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def sheet_xlsx() -> bytes:
    """A title over the table, and a real date in a cell."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["云溪区幼儿园2026年保教质量提升任务分解表"])
    sheet.merge_cells("A1:F1")
    for row in (SHEET_HEAD, *SHEET):
        sheet.append(list(row))
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()
