"""Whom a message goes to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import addresses
from app.domain.envelopes import Recipient, check_subject, check_text, envelope, written


def test_recipients_keep_their_order_and_kind() -> None:
    found, problems = envelope({"to": ["B <b@x.org>", "a@x.org"], "cc": ["c@x.org"], "bcc": ["d@x.org"]})
    assert problems == []
    assert found == [
        Recipient("to", "b@x.org", "B"),
        Recipient("to", "a@x.org", None),
        Recipient("cc", "c@x.org", None),
        Recipient("bcc", "d@x.org", None),
    ]


def test_an_address_is_taken_once() -> None:
    found, problems = envelope({"to": ["a@x.org", "A@X.org"], "cc": ["a@x.org"], "bcc": ["a+1@x.org"]})
    assert [each.email for each in found] == ["a@x.org", "a+1@x.org"]
    assert problems == []


def test_all_that_is_wrong_is_named() -> None:
    _, problems = envelope({"to": ["a", "b@x.org"], "cc": ["c d@x.org"], "bcc": ["@"]})
    assert [problem.path for problem in problems] == ["to[0]", "cc[0]", "bcc[0]"]


@pytest.mark.parametrize(("to", "cc", "path"), [(51, 0, "to[50]"), (50, 1, "cc[0]"), (20, 500, "cc[30]")])
def test_fifty_at_most(to: int, cc: int, path: str) -> None:
    given = {"to": [f"t{i}@x.org" for i in range(to)], "cc": [f"c{i}@x.org" for i in range(cc)], "bcc": []}
    _, problems = envelope(given)  # type: ignore[arg-type]
    assert [problem.path for problem in problems] == [path]
    assert str(to + cc) in problems[0].message


def test_somebody_must_be_in_to() -> None:
    _, problems = envelope({"to": [], "cc": ["c@x.org"], "bcc": []})
    assert [problem.path for problem in problems] == ["to"]


@pytest.mark.parametrize("subject", ["a\nb", "a\rb", "a\0b", "x" * 999])
def test_a_subject_is_one_line(subject: str) -> None:
    assert len(list(check_subject(subject))) == 1


def nested(levels: int, core: Any) -> Any:
    for level in range(levels):
        core = [core] if level % 2 else {"a": core}
    return core


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (nested(20, "a"), None),
        (nested(20, "a\0"), "metadata has a NUL character."),
        ({"a\0": 1}, "metadata has a NUL character."),
        (nested(21, "a"), "metadata is nested too deeply: it has at most 20 levels."),
        (nested(100_000, "a"), "metadata is nested too deeply: it has at most 20 levels."),
    ],
)
def test_what_is_kept_has_no_nul_and_few_levels(value: Any, problem: str | None) -> None:
    assert [each.message for each in check_text("metadata", value)] == ([] if problem is None else [problem])


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp", "Cn", "Co"]), max_size=60))
def test_what_is_written_is_read_again(name: str) -> None:
    expected = addresses.parse(written("a@x.org", "N " + name)).name
    assert addresses.parse(written("a@x.org", expected)).name == expected
