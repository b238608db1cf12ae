"""What a site or a sharing platform puts around a text, recognised line by line."""

from __future__ import annotations

import re

_ANYWHERE = re.compile(
    r"ICP备|ICP证|公网安备|网安备案?\s?\d|备案号|All Rights? Reserved|Copyright\s?[@©(（]|©\s?\d{4}"
    r"|版权所有|(?:信息服务|视听节目|出版|经营)许可证|未经(?:书面)?授权.{0,8}(?:禁止|不得|严禁)"
    r"|扫一扫.{0,16}(?:手机|打开|关注|分享|二维码)|长按.{0,8}二维码|识别.{0,6}二维码|关注.{0,12}公众号"
    r"|微信扫|分享到|分享至|打印本页|打印此页|关闭(?:本页|窗口)|返回顶部|回到顶部|设为首页|加入收藏"
    r"|字体?[：:\s]*[【\[]?\s*大\s*中\s*小|字号[：:]|浏览(?:次数|量)[：:]?\s?\d|点击(?:数|量|率|次数)[：:]?\s?\d"
    r"|网站地图|无障碍(?:浏览|阅读|版)?$|技术支持[：:]|网站标识码|建议使用.{0,30}浏览器|当前位置|所在位置"
    r"|[您你](?:现在)?的位置|文档评论|发表评论|网友评论|条评论|评论\s?[(（]\d+[)）]|暂无评论|登录后(?:评论|查看|可)"
    r"|下载(?:文档|本文|原文|APP|客户端)|试读|购买全文|金币|立即下载|本文档共|剩余\d+页|还剩\d+页|阅读(?:全文|原文|更多|剩余)|查看更多|展开全文|加载更多"
    r"|点击(?:上方|下方|蓝字|这里|此处|查看|阅读|下载|展开)|(?:本篇|本|全)文(?:章)?(?:共|约)?\d+字|阅读时间|预计阅读|读完约"
    r"|javascript:|function\s?\(|var\s\w+\s?="
)
_ANYWHERE_MOST_CHARS = 90
_WHOLE_LINE = re.compile(
    r"^(?:首页|全部分类|搜索文档|上传文档|文档分类|网站首页|返回首页|返回(?:列表|上页|目录)?|上一页|下一页|上一条|下一条|更多\+?|更多>>|收藏|点赞|在看|赞|踩|转发"
    r"|举报|投诉|打印|关闭|分享|微信|微博|QQ|QQ空间|朋友圈|登录|注册|登录\s?[|/]\s?注册|搜索|导航|菜单|繁體|繁体|简体|简体版|English"
    r"|繁体版|移动版|手机版|复制链接|目录|回复|确定|取消|全文|正文|下载|附件下载"
    r"|全选|A\+|A-|TOP|top|\+1|END|end|— ?END ?—)$"
)
_TAIL_MARK = re.compile(
    r"^[【\[]?(?:相关(?:推荐|阅读|文章|新闻|链接|资讯|内容|信息|稿件|报道|文档|解读)|延伸阅读|推荐(?:阅读|文章|文档|内容)"
    r"|猜你喜欢|为您推荐|为你推荐|热门(?:文章|推荐|标签|阅读|文档|新闻|排行)|最新(?:发布|文章|更新|资讯|新闻|文档)"
    r"|点击排行|阅读排行|热点(?:推荐|排行|新闻|文章)|往期(?:回顾|推荐|精彩)|精彩(?:推荐|回顾)|更多(?:精彩|推荐|文章|内容)"
    r"|编辑推荐|大家都在看|热搜|热评|上一篇|下一篇|本类推荐|同类文章|[你您]可能(?:还)?(?:喜欢|感兴趣|需要)|\d{1,2}小时热[榜门点]|热榜|热文|友情链接|网友评论|用户评论)"
    r"(?:[】\]：:]|\s*$|.{0,3}$|\s?[：:>《\d].{0,80}$)"
)
_DISCLAIMER = re.compile(
    r"^[（(【\[*＊]*(?:(?:版权|免责|特别|郑重|转载|侵权|法律)(?:声明|说明|提示)|声明|温馨提示[：:].{0,20}(?:本站|网站|下载))[】\]]?\s?[：:]"
    r"(?=.{0,200}(?:本站|本网|本文|网站|转载|侵权|版权|作者|来源|观点|平台|公众号))"
)
_BREADCRUMB = re.compile(
    r"^.{0,8}(?:首页|主页)\s?(?:>|›|»|＞|→|/|-->|&gt;|\\)|^[^。；]{1,20}(?:\s?[>›»＞]\s?[^>›»＞。；]{1,20}){2,}$"
)
_SHARING_WORDS = re.compile(
    r"本站|文档|用户上传|平台仅|商业用途|逾期|会员|VIP|下载|付费|版权|侵权|网友上传|充值|下载券|退款|文库|预览|举报电话|客服|免费阅读|原创力|道客|豆丁"
)
_AD_WORDS = re.compile(
    r"代写|代改|私信咨询|十年老店|包修改|包满意|诚信服务|立减|写作机构|写作服务|专业撰写|代笔|代做|包过|加微信|微信号|QQ群?[：:]?\s?\d{5,}|咨询热线|报名热线|咨询电话|免费试听|限时优惠"
    r"|优惠价|立即(?:购买|报名|咨询|下载)|点击领取|扫码(?:领取|添加|进群|咨询)|领取资料|客服微信|商业计划书|可行性研究报告|项目建议书"
    r"|资金申请报告|评估报告|范文大全|PPT模板|工作总结范文|名师直播|特价|包邮|秒杀|下单|淘宝|旗舰店|培训班招生|免费领"
)
_FORBIDS = re.compile(r"严禁|禁止|不得|不准|杜绝|防止|查处|整治|抵制|打击|严查|不能")
_SPAM_WORDS = re.compile(
    r"在线观看|视频在线|免费视频|无码|乱码|有码|国产精品|久久|青青|日本大片|一区二区|三区|成人|黄色|亚洲|欧美|激情|丁香|五月|六月|av\b|AV\b"
    r"|百家乐|棋牌|娱乐城|赌场|博彩|彩票|开户|真人|澳门|体育投注|老虎机|六合|发票代开|代开发票|办证|刻章|贷款秒批|私服"
)
_MENU = re.compile(r"^[^|｜丨。，；]{1,8}(?:\s?[|｜丨]\s?[^|｜丨。，；]{1,8}){3,}$")
_BUTTONS = re.compile(r"^(?:[【\[][^【】\[\]]{1,8}[】\]]\s*)+$")
_LABELLED_AD = re.compile(r"^[\s>＞》*＊【\[(（—-]*(?:广告|推广|赞助)(?:[：:】\])）]|\s)")
_COUNTER = re.compile(r"^[\s\d()（）+·|,，:：/-]*$")
_PAGE = re.compile(
    r"^(?:[-—–－·\s]*\d{1,4}[-—–－·\s]*|第?\s?\d{1,4}\s?页?\s?[/／共,，]+\s?共?\s?\d{1,4}\s?页?|第\s?\d{1,4}\s?页)$"
)
_TEASER_END = re.compile(r"(?:…|\.{3}|⋯|\[详细\]|\[查看\]|>>|更多)$")
_SENTENCE_END = re.compile(r"[。！？!?；;：:”’）)…]$")


def is_spam(line: str) -> bool:
    """At least two different words of spam and no sentence."""
    return len({m[0] for m in _SPAM_WORDS.finditer(line)}) >= 2 and "。" not in line


def is_advertisement(line: str) -> bool:
    """At least two different selling words, and the line does not forbid them."""
    words = {found[0] for found in _AD_WORDS.finditer(line)}
    return len(words) >= 2 and not _FORBIDS.search(line)


def is_sharing_notice(line: str) -> bool:
    """A document-sharing site's terms; meant for the head and the tail only."""
    words = {found[0] for found in _SHARING_WORDS.finditer(line)}
    return len(words) >= 3 or (len(words) >= 2 and len(line) <= 60)


def is_furniture(line: str) -> bool:
    """Unmistakable wherever it stands."""
    if _MENU.match(line) or _LABELLED_AD.match(line):
        return True
    if (
        _WHOLE_LINE.match(line.strip("【】[]() （）"))
        or _PAGE.match(line)
        or _DISCLAIMER.match(line)
    ):
        return True
    if len(line) <= _ANYWHERE_MOST_CHARS and _ANYWHERE.search(line):
        return not _is_sentence(line)
    return is_spam(line) or is_advertisement(line)


def is_edge_furniture(line: str) -> bool:
    """Furniture at the head or the tail; in the middle of a text it would be kept."""
    if _BUTTONS.match(line):
        return True
    return bool(_COUNTER.match(line) or _BREADCRUMB.search(line) or is_sharing_notice(line))


def opens_tail(line: str) -> bool:
    """相关阅读, 上一篇 and the like: what follows is about other texts."""
    return len(line) <= 100 and bool(_TAIL_MARK.match(line))


def is_body(line: str) -> bool:
    """A full sentence of its own; never a teaser, a stamp or a button."""
    return (
        len(line) >= 45
        and bool(_SENTENCE_END.search(line))
        and not _TEASER_END.search(line)
        and not is_furniture(line)
    )


def _is_sentence(line: str) -> bool:
    """Prose that merely mentions 公众号 or 下载文档 is not furniture."""
    return len(line) >= 40 and line.count("，") + line.count(",") >= 2 and line.endswith("。")
