"""Fixed sentences about questions that go to a person."""

WHY = {"unanswered": "文件里没有写", "down": "提问的人点了 👎", "unsure": "我的把握不大"}
HOW_TO_REPLY = "请引用这条消息直接回复，或者发：/答 {id} 您的答复"
NO_SUCH = "没有编号 {id} 的问题，发 /问题 可以看到等着答复的。"
NO_REPLY = (
    "请写上编号和答复，例如：/答 17 每年 4 月举办。"
    "还可以在后面加“依据：《…》第三条”“有效期至 2026-12-31”；和以前答过的一样就写：/答 18 同 17。"
)
CAME_BACK = "您问的“{question}”，{who}答复：\n\n{answer}"
SAVED = (
    "已经告诉提问的人{asker}，以后有人再问也这样答（答复 {standing}）。发 /撤销 可以收回这条答复。"
)
BY_LINE = "（这是{who} {day}的答复{basis}，不是从文件里找的。）"
NEAR = "以前有人问过“{question}”，{who}答复：{answer}\n如果就是您要问的，可以参考。"
NOTHING_OPEN = "没有等着答复的问题。"
STATES = {
    "answered": "已答",
    "unanswered": "没答上来",
    "routed": "已转给",
    "closed": "已处理",
}
