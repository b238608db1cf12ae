"""Fixed sentences about questions."""

NOTHING_ASKED = "您想问什么？直接打字就行，比如：今年党建工作要点里党课怎么安排？"
THANKS = "好的，记下了。"
SORRY = "抱歉没答好，已经记下，会请负责的同志看看。您也可以换个说法再问一次。"
NO_ANSWER_YET = "这里还没有答过问题，先问一个吧。"
NOT_CITED = "上一个回答没有引用文件。"
WHICH_SOURCE = "上一个回答有 {count} 处出处，请写 /来源 1 到 /来源 {count}。"
HERE_IS_THE_FILE = "这是《{title}》的原文件。"
CAUTION = "（请留意：{cautions}）"
EMPTY_SHELF = "还没有文件。管理员可以用 yaodian documents add 把文件加进来。"
HANDED_OVER = "已经转给{names}，有答复我马上告诉您。"
ASK_AWAY = (
    "直接打字问就行，例如：今年的党课怎么安排？可以接着问：那由谁负责？\n发 /文档 看有哪些文件。"
)
