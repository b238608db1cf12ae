"""Fixed sentences about people."""

from __future__ import annotations

from collections.abc import Mapping

from bot.messages import Role

ROLE_WORDS: Mapping[Role, str] = {
    Role.GUEST: "访客",
    Role.TEACHER: "教师",
    Role.PARTY_MEMBER: "党员",
    Role.BRANCH_SECRETARY: "支部书记",
    Role.OFFICER: "党建专干",
    Role.SECRETARY: "书记",
    Role.GUIDANCE: "指导组",
    Role.DISCIPLINE: "纪委",
    Role.ADMIN: "管理员",
}
PRIVACY = (
    "我会保存：您的账号和称呼、您在这里发的话和我的回答、您交来的记录，只用来回答、提醒和统计工作，"
    "只有本单位负责的同志看得到。想查看、更正或删除，请找本单位管理员。"
)
WELCOME = (
    "您好，我是要点。您还不在花名册里，现在只能问对所有人公开的文件。\n"
    "要收提醒、做登记，请发“/加入 姓名 单位”，例如：/加入 张三 云溪县第二中学。"
    "管理员同意后就可以用了。\n"
    "已经在另一个平台用过的，在那边发 /绑定 取一个验证码，再到这里发“/绑定 验证码”。\n\n" + PRIVACY
)
HOW_TO_JOIN = "请写上姓名和单位，例如：/加入 张三 云溪县第二中学。"
ASKED_TO_JOIN = "已经请管理员审核：{name}（{unit}）。同意后我会告诉您。"
NOBODY_APPROVES = "已经记下您的申请，但还没有设管理员。请联系本单位管理员。"
ALREADY_IN = "您已经在花名册里了（{name}），不用再申请。"
JOINED = "{name}，您好，{unit}管理员已经同意您加入。发 /帮助 看看能做什么。\n\n" + PRIVACY
NOT_JOINED = "您的加入申请没有通过。如有疑问，请联系本单位管理员。"
DECIDED_ALREADY = "这个申请已经处理过了。"
LAST_ADMIN = "这是最后一位管理员，不能去掉。请先让另一位同志当管理员：/角色 姓名 管理员。"
YOUR_CODE = (
    "您的验证码是 **{code}**，10 分钟内有效，只能用一次。\n"
    "请在另一个平台上私下发给我：/绑定 {code}。请不要告诉别人。"
)
BOUND = "绑定好了，{name}。两个平台上是同一个您：任务只有一份，提醒只发一次。"
BAD_CODE = "验证码不对，或者已经过期、用过了。请在原来的平台重新发 /绑定 取一个。"
TOO_MANY_CODES = "试的次数太多了，请 10 分钟后再试。"
ACCOUNT_TAKEN = "这个账号已经是{name}的了，不能再绑定别人。不对的话请找管理员。"
HELLO = "您好，直接打字问就行。发 /帮助 看看还能做什么。"
