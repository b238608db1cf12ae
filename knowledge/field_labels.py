"""The names that portals, newspapers and by-lines give to a field, and what the field is."""

from __future__ import annotations

_WORDS = {
    "title": "标题 本文标题 文章标题 名称 文件名称 信息名称 文件标题 信息标题",
    "publisher": "来源 信息来源 稿件来源 文章来源 来源单位 供稿 供稿单位 稿源",
    "author": "作者 记者 通讯员 文 文字 撰稿 供稿人 撰文",
    "issued": "发布时间 发布日期 发文日期 成文日期 成文时间 生成日期 公开日期 "
    "印发日期 日期 时间 发表时间 发文时间 更新时间 公布日期 制发日期",
    "effective": "施行日期 实施日期 生效日期 有效期始",
    "expires": "失效日期 废止日期 有效期至 有效期止",
    "issuer": "发布机构 发文机关 发布单位 发文单位 制发机关 公开主体 发文机构 "
    "制定机关 发布部门 公开机构",
    "number": "文号 发文字号 文件编号 发文文号 文件字号",
    "index": "索引号 信息索引号 索取号 索引码",
    "genre": "体裁 体裁分类 文种 公文种类",
    "url": "地址 原文链接 链接 网址 原文地址 来源网址 本文链接 链接地址 转载请注明出处",
    "other": "主题分类 主题词 服务对象 服务对象分类 公开方式 公开形式 公开范围 "
    "公开时限 有效性 是否有效 责任编辑 编辑 审核 校对 初审 复审 终审 "
    "一审 二审 三审 编审 排版 监制 责编 浏览次数 点击数 阅读次数 访问量 "
    "点击率 浏览量 字号 字体 责任部门 信息分类 信息类别 分类 关键词 "
    "关键字 组配分类 栏目 所属栏目 录入 发布人 发布者 签发人 审核人 部门 "
    "效力状态 文件状态 有效期 时效性 规范性文件登记号 统一编号 图 摄影 "
    "图片 分享 阅读 文件分类 公文时效 内容分类 主办单位 承办单位 "
    "信息公开目录 载体类型 语种 统一登记号 公开类别 上传人 上传者 格式 "
    "页数 大小 上传时间 文档编号 所属分类 下载积分 标签",
}
FIELD_OF = {label: kind for kind, words in _WORDS.items() for label in words.split()}
WEAK = frozenset(
    "名称 日期 时间 地址 部门 主办单位 承办单位 有效期 文 图 格式 大小 页数 语种 标签 分类".split()
)
"""Alone on a line these may be the notice's own words: a meeting's 时间, its 地址."""
