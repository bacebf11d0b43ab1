"""What changed between two texts: every word of both is there, in order, and what stayed is only counted."""

from hypothesis import given
from hypothesis import strategies as st

from portal.consent.differences import difference

OLD = """Policy

1. What we collect

  • Name, street and town.
  • Phone.

2. Where it goes

It goes to Spain, France and the United Kingdom.

The end.
"""
NEW = (
    OLD.replace("France and", "France, Ireland and").replace("  • Phone.\n", "").replace("The end", "3. New\n\nThe end")
)


def told(old: str, new: str) -> list[str]:
    marks = {"same": "{}", "gone": "[-{}-]", "new": "[+{}+]"}
    return [
        f"({passage.paragraphs})"
        if passage.kind == "unchanged"
        else "".join(marks[part.kind].format(part.text) for part in passage.parts)
        for passage in difference(old, new)
    ]


def test_changes_stand_under_their_heading_word_by_word():
    assert told(OLD, NEW) == [
        "(2)", "1. What we collect", "[-• Phone.-]", "2. Where it goes",
        "It goes to Spain, France[+, Ireland +]and the United Kingdom.", "[+3. New+]", "(1)",
    ]  # fmt: skip


def test_texts_that_say_the_same_have_no_difference():
    assert difference(OLD, OLD) == difference(OLD, OLD.replace("\n", "\r\n") + "\n\n") == []


lines = st.lists(st.sampled_from(["1. a b", "a b c", "a x c d", "b, c", "• q", "c b a", "z"]), max_size=8)


@given(lines, lines)
def test_nothing_of_either_text_is_lost_or_moved(old: list[str], new: list[str]):
    before, after, stayed = [], [], 0
    for passage in difference("\n".join(old), "\n".join(new)):
        stayed += passage.paragraphs + (passage.kind == "heading")
        if passage.kind == "changed":
            before += ["".join(part.text for part in passage.parts if part.kind != "new")]
            after += ["".join(part.text for part in passage.parts if part.kind != "gone")]
    squeezed = [[line.replace(" ", "") for line in side if line] for side in (before, after)]
    if squeezed != [[], []]:
        assert [len(side) + stayed for side in squeezed] == [len(old), len(new)]
        for side, whole in zip(squeezed, (old, new), strict=True):
            rest = iter([line.replace(" ", "") for line in whole])
            assert all(line in rest for line in side)
    else:
        assert old == new
