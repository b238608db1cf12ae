from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ConfigError
from bot.messages import Role
from handlers.records.type_files import BUILTIN, load_record_types
from handlers.records.types import FieldKind, Once, Party, RecordType, RecordTypes
from knowledge.evidence import found_types

TYPES = load_record_types()
GOOD = 'id = "reading_club"\nname = "读书沙龙"\ngroup = "本校"\n'


def load(folder: Path, **files: str) -> RecordTypes:
    for name, content in files.items():
        (folder / f"{name}.toml").write_text(content, "utf-8")
    return load_record_types(user_folder=folder)


FIELDS = 'fields = [\n  {{ id = "a", name = "甲", kind = "text" }},\n  {{ {} }},\n]\n'
MOVES = (
    'states = [{{ id = "a", name = "甲" }}, {{ id = "b", name = "乙", is_final = true }}]\n'
    "moves = [\n  {{ {} }},\n]\n"
)


def refused(folder: Path, content: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, bad=content)
    return caught.value.reply


def test_every_evidence_code_is_a_type() -> None:
    words = (BUILTIN.parent.parent / "knowledge" / "evidence.toml").read_text("utf-8")
    codes = set(re.findall(r"(?m)^(\w+) =", words))

    assert len(codes) == 54
    assert codes <= {one.id for one in TYPES}
    assert found_types("召开主题党日")[0] in {one.id for one in TYPES}


def test_names_and_aliases_find_their_type() -> None:
    for one in TYPES:
        assert TYPES.named(one.id) is one
        assert TYPES.named(one.name) is one
        for alias in one.aliases:
            assert (found := TYPES.named(alias)) and alias in (found.name, *found.aliases)


def test_every_form_can_be_filled_and_finished() -> None:
    for one in TYPES:
        reached, frontier = {one.states[0].id}, [one.states[0].id]
        while frontier:
            for move in one.moves_from(frontier.pop()):
                if move.to not in reached:
                    reached.add(move.to)
                    frontier.append(move.to)
        assert reached == {state.id for state in one.states}, one.id
        assert any(state.is_final for state in one.states), one.id


def shipped(type_id: str) -> RecordType:
    found = TYPES.get(type_id)
    assert found is not None
    return found


def test_what_the_shipped_forms_insist_on() -> None:
    assert all(move.needs_reply for move in shipped("feedback").moves if move.to == "answered")
    assert shipped("debrief").one_vote_per_rater
    assert shipped("debrief").hidden_until_closed
    assert shipped("project_apply").once is Once.WINDOW
    assert shipped("quarterly_check").once is Once.QUARTER
    assert shipped("clue").confidential
    assert shipped("clue").limit_set_by_admin
    assert Party.ANYONE not in shipped("clue").see
    assert shipped("integrity_risk").confidential
    assert shipped("pledge_officer").submit == (Role.OFFICER,)
    assert "pledge" in shipped("pledge_secretary").proven
    files = shipped("materials").field("files")
    assert files is not None and files.kind is FieldKind.FILE and files.required


def test_a_split_verb_is_found() -> None:
    (mention,) = TYPES.mentions("我们谈了一次话")

    assert mention.type.id == "talk"


def test_the_longest_word_counts() -> None:
    found = [mention.type.id for mention in TYPES.mentions("专题组织生活会、微党课")]

    assert found == ["org_life", "lecture"]


@settings(deadline=None)
@given(st.text(max_size=60))
def test_mentions_stand_apart(text: str) -> None:
    end = 0
    for mention in TYPES.mentions(text):
        assert end <= mention.start < mention.end <= len(text)
        end = mention.end


def test_a_user_adds_and_replaces(tmp_path: Path) -> None:
    own = 'id = "theme_day"\nname = "党员活动日"\ngroup = "本校"\nconfidential = true\n'

    types = load(tmp_path, club=GOOD, own=own)

    assert len(types) == len(TYPES) + 1
    assert (club := types.get("reading_club")) and club.points_key == "reading_club"
    assert (day := types.get("theme_day")) and day.name == "党员活动日"


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (GOOD + "foo = 1\n", 4, "没有这一项"),
        (GOOD + 'submit = ["校长"]\n', 4, "只能写 所有人"),
        (GOOD + '\nonce = "often"\n', 5, "只能写 'any'"),
        (GOOD.replace("reading_club", "Club"), 1, "小写英文字母"),
        (GOOD + 'fields = [\n  { id = "a", name = "甲", kind = "choice" },\n]\n', 5, "choices"),
        (
            GOOD
            + 'fields = [\n  { id = "a", name = "甲", kind = "text" },\n'
            + '  { id = "b", name = "乙", kind = "picture" },\n]\n',
            6,
            "只能写 'text'",
        ),
        (GOOD + 'name = "重复"\n', 4, "写法不对"),
        (GOOD + 'group = "没写完', 4, "写法不对"),
        (GOOD + 'splits = ["三个字"]\n', 4, "正好两个字"),
        (GOOD + 'once = "window"\n', 4, "needs_window"),
        ('[[types]]\n' + GOOD + '[[types]]\n' + GOOD.replace("_club", "") + "x = 1\n", 9, "x"),
        ('[[types]]\nshape = "round"\n' + GOOD, 2, "没有这个 shape"),
        (GOOD.replace('name = "读书沙龙"\n', ""), 1, "必须填写"),
        (GOOD.replace("读书沙龙", ""), 2, "不能空着"),
        (GOOD + 'per = "class"\n', 4, "只能写 'person'"),
        (GOOD + 'confidential = "大概"\n', 4, "confidential"),
        (GOOD + "states = []\n", 4, "states 至少写一个"),
        (GOOD + FIELDS.format('id = "a", name = "乙", kind = "text"'), 5, "fields 里 a 写了两次"),
        (GOOD + FIELDS.format('id = "b", name = "乙", kind = "number", least = 3, most = 1'), 6,
         "least 不能大于 most"),
        (GOOD + FIELDS.format('id = "b", name = "乙", kind = "number", from_menu = true'), 6,
         "from_menu"),
        (GOOD + FIELDS.format('id = "b", name = "乙", kind = "text", only_if = { c = "好" }'), 6,
         "没有的字段 c"),
        (GOOD + FIELDS.format('id = "b", name = "乙", kind = "text", longest = 0'), 6, "longest"),
        (GOOD + 'rename = "{unit}-{school}"\n', 4, "rename 里不能写 {school}"),
        (GOOD + "one_vote_per_rater = true\n", 4, "votes_on"),
        (GOOD + 'owner_field = "boss"\n', 4, "owner_field 要写一个 people"),
        (GOOD + 'anonymous_if = { named = "否" }\n', 4, "没有的字段 named"),
        (GOOD + 'seasons = [\n  { opens = "02-30", closes = "03-10" },\n]\n', 5, "没有 02-30"),
        (GOOD + 'seasons = [\n  { opens = "12-01", closes = "01-10" },\n]\n', 5, "跨年"),
        (GOOD + 'seasons = [\n  { opens = "3月1日", closes = "03-10" },\n]\n', 5, "opens"),
        (GOOD + MOVES.format('id = "m", name = "办", leaves = ["a"], to = "c", who = ["书记"]'), 6,
         "没有的状态 c"),
        (GOOD + MOVES.format('id = "m", name = "办", leaves = ["a"], to = "b"'), 6, "必须填写"),
        (GOOD + MOVES.format('id = "m", name = "办", leaves = [], to = "b", who = ["书记"]'), 6,
         "leaves"),
        (GOOD + MOVES.format(
            'id = "m", name = "办", leaves = ["a"], to = "b", who = ["书记"], fills = "x"'), 6,
         "没有的字段 x"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_line_and_reason(
    tmp_path: Path, content: str, line: int, words: str
) -> None:
    reply = refused(tmp_path, content)

    assert reply.startswith(f"bad.toml 第 {line} 行：")
    assert words in reply


def test_a_case_cannot_be_closed_without_a_reply(tmp_path: Path) -> None:
    states = (
        'reply_required = true\nstates = [{ id = "a", name = "甲" }, '
        '{ id = "b", name = "乙", is_final = true }]\n'
        'moves = [{ id = "m", name = "办结", leaves = ["a"], to = "b", who = ["负责人"] }]\n'
    )

    assert "needs_reply" in refused(tmp_path, GOOD + states)


def test_a_move_to_nowhere_is_refused(tmp_path: Path) -> None:
    moves = 'moves = [{ id = "m", name = "走", leaves = ["recorded"], to = "x", who = ["本人"] }]\n'

    assert "没有的状态 x" in refused(tmp_path, GOOD + moves)


def test_the_same_id_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, a=GOOD, b=GOOD)

    assert "b.toml：reading_club 在 a.toml 里已经有了" in caught.value.reply


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gbk.toml").write_bytes('id = "党"'.encode("gbk"))

    with pytest.raises(ConfigError) as caught:
        load_record_types(user_folder=tmp_path)

    assert "UTF-8" in caught.value.reply


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_type_or_a_sentence(content: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "some.toml"
        file.write_text(content, "utf-8", errors="replace")
        try:
            load_record_types(user_folder=Path(folder))
        except ConfigError as error:
            assert error.reply.startswith("some.toml")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gbk.toml").write_bytes(GOOD.encode("gbk"))
    with pytest.raises(ConfigError) as refused:
        load_record_types(user_folder=tmp_path)
    assert "gbk.toml" in refused.value.reply
    assert "UTF-8" in refused.value.reply


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD + "x = 1\ny = 2\n", "utf-8")
    (tmp_path / "b.toml").write_text(GOOD + 'once = "often"\n', "utf-8")
    with pytest.raises(ConfigError) as refused:
        load_record_types(user_folder=tmp_path)
    assert [line.split("：")[0] for line in refused.value.reply.splitlines()][:3] == [
        "a.toml 第 4 行", "a.toml 第 5 行", "b.toml 第 4 行",
    ]  # fmt: skip
