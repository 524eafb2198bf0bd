"""Templates: what they may contain, what they make of values, and that none of them can eat the machine."""

from __future__ import annotations

import re
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ValidationError
from app.mail.template import KEPT_LIMIT, OUTPUT_LIMIT, Template, check, compile
from tests.support.hostile_templates import DENSE, ESCAPES, EXHAUSTIONS, MASSES

WORDS = [
    *(
        "x",
        "y",
        "n",
        "z",
        "'k'",
        "'__class__'",
        "0",
        "-1",
        "1e5",
        ".",
        "['",
        "[",
        "]",
        "(",
        ")",
        ",",
        "|",
        "~",
        "*",
        "**",
    ),
    *(
        "%",
        "+",
        "/",
        "==",
        "<",
        "is",
        "in",
        "not",
        "and",
        "or",
        "if",
        "else",
        "endif",
        "for",
        "set",
        "=",
        "{",
        "}",
        ":",
    ),
    *("upper", "title", "d('-')", "truncate(2)", "urlencode", "attr", "defined", "none", "k", "mro", "format", "items"),
    *("__class__", "__globals__", "self", "true", "loop", "range(9)", "x.upper()", "y.k", "y['k'][0]", "\\x5f", "''"),
]
VALUES = st.text(st.characters(codec="utf-8"), max_size=60)


def render(source: str, *, html: bool = False, **variables: object) -> str:
    return compile(source, html=html).render(variables)


@pytest.mark.parametrize(
    ("source", "variables", "text"),
    [
        ("Hi {{ name }}!", {"name": "Ada"}, "Hi Ada!"),
        ("{{ row.city }} {{ row['a b'] }} {{ tags[1] }}", {"row": {"city": "X", "a b": "Y"}, "tags": [1, 2]}, "X Y 2"),
        ("{{ name|upper }} {{ name|title }} {{ name|trim }}", {"name": " ada l "}, " ADA L   Ada L  ada l"),
        ("{{ name|default('you') }} {{ row.x|d('-') }}", {"row": {}}, "you -"),
        ("{{ name|truncate(3) }} {{ name|urlencode }}", {"name": "a&b cd"}, "a&… a%26b%20cd"),
        ("{% if n > 3 and p in ['a', 'b'] %}many{% elif n %}few{% else %}none{% endif %}", {"n": 2, "p": "a"}, "few"),
        ("{{ 'yes' if ok else 'no' }}{% if x is defined %}{{ x }}{% endif %}", {"ok": True}, "yes"),
        ("{# note #}a{{ nothing }}b", {"nothing": None}, "ab"),
        ("line\n{%- if a %}\nx{% endif %}\n", {"a": 1}, "line\nx\n"),
    ],
)  # fmt: skip
def test_what_templates_can_do(source: str, variables: dict[str, object], text: str) -> None:
    assert Template(source, html=False).render(variables) == text


def test_values_are_escaped_in_html_alone() -> None:
    assert render("<b>{{ x }}</b>", html=True, x="<script>&\"'") == "<b>&lt;script&gt;&amp;&#34;&#39;</b>"
    assert render("<b>{{ x }}</b>", x="<i>") == "<b><i></b>"


@given(VALUES.filter(lambda text: not any(mark in text for mark in ("{{", "{%", "{#"))))
def test_text_without_tags_stays_as_it_is(source: str) -> None:
    assert check(source) == ()
    assert render(source, html=True) == source


@given(VALUES, VALUES)
def test_a_value_is_never_read_as_a_template(first: str, second: str) -> None:
    assert render("{{ a }}|{{ b }}", a=first, b=second) == f"{first}|{second}"
    assert render("{{ a }}", a="{{ b }}{% for x in y %}", b=second) == "{{ b }}{% for x in y %}"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("\n{{ 'A' * 10**9 }}", "Line 2: arithmetic"),
        ("{{ 'A'|center(1000000000) }}", "filter “center”"),
        ("{{ x|replace('a', 'aaaa') }}", "filter “replace”"),
        ("{{ x|default(**y) }}", "filter “default”"),
        ("{{ x|attr('__class__') }}", "filter “attr”"),
        ("{{ '%9999999999s' % x }}", "arithmetic"),
        ("{% for x in y %}{% endfor %}", "a loop"),
        ("{{ range(9) }}", "a function call"),
        ("{{ x.upper() }}", "a function call"),
        ("{% set x = 1 %}", "an assignment"),
        ("{% macro m() %}{% endmacro %}", "a macro"),
        ("{% include 'x' %}", "an include"),
        ("{% import 'x' as y %}", "an import"),
        ("{% extends 'x' %}", "inheritance"),
        ("{% block x %}{% endblock %}", "a block"),
        ("{{ x[1:2] }}", "a slice"),
        ("{{ a ~ b }}", "joining"),
        ("{{ {'a': 1} }}", "a dictionary"),
        ("{{ -x }}", "arithmetic"),
        ("{{ self }}", "self"),
        ("{{ x is divisibleby 3 }}", "test “divisibleby”"),
        ("a\nb {{ name", "Line 2: unexpected end"),
        ("{% if x %}", "Line 1"),
        ("{{ " + "(" * 3000 + "x" + ")" * 3000 + " }}", "too deeply nested"),
        ("{{ 1" + "0" * 6000 + " }}", "too large a number"),
        ("a\n{% if x < 1e999 %}b{% endif %}", "Line 2: too large a number"),
        ("{{ x|default(0x" + "F" * 5000 + ") }}", "too large a number"),
        ("{{ x|truncate(length=5, length=6) }}", "“length” is given twice"),
        ("{{ x is eq(b=1, b=2) }}", "“b” is given twice"),
        ("{{ x is eq(*y) }}", "test “eq”"),
        ("{{ x|default('\\x00') }}", "control character"),
        ("{{ x|default('\\ud800') }}", "control character"),
    ],
)
def test_what_templates_cannot_do_is_said_when_they_are_saved(source: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check(source)
    assert reason in caught.value.message
    with pytest.raises(ValidationError):
        compile(source)


@pytest.mark.parametrize(("source", "reason"), ESCAPES + EXHAUSTIONS)
def test_no_attempt_to_break_out_or_to_eat_the_machine_is_saved(source: str, reason: str) -> None:
    for html in (False, True):
        with pytest.raises(ValidationError) as caught:
            check(f"Hello,\r\n\n{source}", html=html)
        assert caught.value.message.startswith("Line 3: ")
        assert reason in caught.value.message


@pytest.mark.parametrize("what", MASSES)
def test_too_much_is_refused_before_it_takes_time(what: str) -> None:
    source, reason = MASSES[what]
    begun = time.thread_time()
    with pytest.raises(ValidationError, match=reason):
        check(source)
    assert time.thread_time() - begun < 1.5, "seconds of computing; one of them took five"


@pytest.mark.parametrize("what", DENSE)
def test_the_densest_template_takes_little_time_and_room(what: str) -> None:
    """Whatever its values are: markup, long texts, lists, texts of words, what becomes longer."""
    values: list[object] = ["x", None, "a " * 30_000, "&" * 60_000, "ŉ" * 30_000, [["&"] * 900] * 60, {"b": {"b": 1}}]
    for html in (False, True):
        begun = time.thread_time()
        template = Template(DENSE[what], html=html)
        assert time.thread_time() - begun < 1.5
        for value in values:
            begun = time.thread_time()
            with suppress(ValidationError):
                assert len(template.render({"name": value, "email": value})) <= OUTPUT_LIMIT
            assert time.thread_time() - begun < 1.5


@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join), st.sampled_from(["{{ %s }}", "{%% %s %%}"])
)
def test_whatever_is_allowed_shows_nothing_but_what_was_given(words: str, tag: str) -> None:
    """Refused when it is saved, an error with its line, or text made of the values alone: never another exception."""
    source = tag % words + ("{% endif %}" if words.startswith("if") and "%" in tag else "")
    try:
        shown = Template(source, html=False).render({"x": "given", "y": {"k": ["given"]}, "n": 7})
    except ValidationError as error:
        shown = re.sub(r"(Line 1: |The template is ).*", "", error.message)
    assert not re.search("object at|function|method|module|<class|The|Line", shown)


@pytest.mark.parametrize("name", ["__class__", "upper", "format", "__init__", "mro"])
def test_values_show_no_attributes(name: str) -> None:
    for value in ("text", 3, [1], {"a": 1}):
        with pytest.raises(ValidationError, match=f"“{name}” (is not known|cannot be looked up)"):
            render("{{ x." + name + " }}", x=value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("Hi {{ name }}\n\n{{ wrong }}", "Line 3: the variable “wrong” is not known."),
        ("{% if a %}\n{{ row.wrong }}{% endif %}", "Line 2: the variable “wrong” is not known."),
    ],
)
def test_an_unknown_variable_is_an_error_with_its_line(source: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        render(source, name="Ada", a=1, row={})
    assert caught.value.message == message


def test_variables_are_told_when_a_template_is_saved() -> None:
    source = "{{ first }} {{ last|default('') }} {% if city is defined %}{{ city }}{% endif %}\n{{ row.x }} {{ first }}"
    assert check(source) == ("first", "last", "city", "row")
    assert check(source, known={"first", "row"}) == ("first", "last", "city", "row")
    with pytest.raises(ValidationError, match="Line 2: the variable “row” is not known"):
        check(source, known={"first"})


def test_the_text_cannot_grow_without_bound() -> None:
    with pytest.raises(ValidationError, match="longer than"):
        render("{{ x }}" * 20, x="a" * (OUTPUT_LIMIT // 10))


def test_filters_cannot_work_without_end_on_what_is_never_shown() -> None:
    source = "{% if x" + "|title|urlencode|e" * 12 + " == 1 %}{% endif %}"
    with pytest.raises(ValidationError, match="Line 1: the filters go through more than"):
        render(source * 40, x="&" * 60_000)
    with pytest.raises(ValidationError, match="Line 1: the filters go through more than"):
        render("{{ x|truncate(1) }}" * 400, x=["&" * 60_000])
    assert render("{{ x|title|trim }}" * 600, x="ada") == "Ada" * 600
    assert render("{{ x|default('-')|upper }}" * 400) == "-" * 400


def test_values_that_do_not_fit_the_template_are_an_error_not_a_crash() -> None:
    with pytest.raises(ValidationError, match="Line 2"):
        render("\n{% if n > 3 %}{% endif %}", n="text")


def test_a_template_is_compiled_once() -> None:
    assert compile("once {{ x }}") is compile("once {{ x }}")
    assert compile("once {{ x }}") is not compile("once {{ x }}", html=True)


def test_what_is_kept_compiled_takes_bounded_room() -> None:
    first = compile("{{ x }} 0" + "a" * 400_000)
    assert compile(first.source) is first
    for number in range(1, 1 + KEPT_LIMIT // 400_000):
        compile(f"{{{{ x }}}} {number}" + "a" * 400_000)
    assert compile(first.source) is not first
    assert compile(first.source).render({"x": 1}) == first.render({"x": 1})


@pytest.mark.parametrize("source", ["{{ a" + "|upper" * 950 + " }}", "{% if a %}" * 60 + "{% endif %}" * 60])
def test_what_could_not_be_compiled_is_refused_when_it_is_saved(source: str) -> None:
    with pytest.raises(ValidationError, match="deep"):
        check(source)


@pytest.mark.parametrize("empty", [{}, {"x": None}, {"x": ""}, {"x": " \t"}])
def test_a_default_stands_for_what_is_empty(empty: dict[str, object]) -> None:
    assert compile("{{ x|default('you') }} {{ x|d('-') }}").render(empty) == "you -"


def test_a_default_leaves_what_is_there() -> None:
    assert render("{{ x|default('you') }} {{ y|d(1) }} {{ y|d(1, true) }}", x="0", y=0) == "0 0 1"


def test_what_leaves_a_hole_where_it_is_empty() -> None:
    source = (
        "{{ a }}{{ b|d('-') }}{% if c %}{{ c }}{% endif %}{{ d if d else '' }}{% if e == 1 and f %}{{ g }}{% endif %}"
    )
    assert compile(source).expected == ("a", "g")
