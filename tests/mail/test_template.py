"""Templates: what they may contain, what they make of values, and that none of them can eat the machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ValidationError
from app.mail.template import OUTPUT_LIMIT, Template, check, compile

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
        ("{{ x }}" * 1001, "at most"),
        ("{{ x" + " or x" * 20_000 + " }}", "at most"),
        ("{{ x in [" + "y," * 11_000 + "] }}", "at most"),
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


@pytest.mark.parametrize("name", ["__class__", "upper", "format", "__init__", "mro"])
def test_values_show_no_attributes(name: str) -> None:
    for value in ("text", 3, [1], {"a": 1}):
        with pytest.raises(ValidationError, match=f"“{name}” is not known"):
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
        render(source * 200, x="&" * 60_000)
    with pytest.raises(ValidationError, match="Line 1: the filters go through more than"):
        render("{{ x|truncate(1) }}" * 900, x=["&" * 60_000])
    assert render("{{ x|title|trim }}" * 900, x="ada") == "Ada" * 900
    assert render("{{ x|default('-')|upper }}" * 900) == "-" * 900


def test_values_that_do_not_fit_the_template_are_an_error_not_a_crash() -> None:
    with pytest.raises(ValidationError, match="Line 2"):
        render("\n{% if n > 3 %}{% endif %}", n="text")


def test_a_template_is_compiled_once() -> None:
    assert compile("once {{ x }}") is compile("once {{ x }}")
    assert compile("once {{ x }}") is not compile("once {{ x }}", html=True)


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
