"""The text part made of HTML: what it says, what it makes of templates, and that nothing can hold it up."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ValidationError
from app.mail.plain import text_of
from app.mail.template import Template

NEWSLETTER = """<!DOCTYPE html><html><head><title>Not read</title><style>p { color: red }</style></head>
<body><div style="font-size:1px; display:none">Preview &zwnj;&nbsp;&zwnj;&nbsp;&zwnj;&nbsp;</div>
<!--[if mso]><p>Outlook</p><![endif]-->
<table width="600"><tr><td>
  <h1>Hello&nbsp;{{ name | e }}</h1>
  <p>{% if city == "Bern" %}You live in <b>{{ city }}</b>{% else %}Where do you live{% endif %}?</p>
  {% if vip %}<p>Only for you: <a href="https://x.example/{{ id | urlencode }}?a=1&amp;b=2">open</a></p>{% endif %}
  <table><tr><th>What</th><th>Price</th></tr>{% if more %}<tr><td>Coffee</td><td></td><td>3 &euro;</td></tr>{% endif %}
  <tr><td>Tea</td><td>2 &euro;</td></tr></table>
  <ul><li>one</li>{% if more %}<li>two</li>{% endif %}<li>three</li></ul>
  <hr>
  <a href="{{ unsubscribe_url }}">Unsubscribe</a>
</td></tr></table></body></html>"""


def said(html: str, **values: object) -> str:
    """By the template that was made of the template."""
    return Template(text_of(html, template=True), html=False).render(values)


def test_a_message_reads_like_a_letter() -> None:
    text = said(
        NEWSLETTER,
        name="Ann & <Bo>",
        city="Bern",
        vip=True,
        id="a b",
        more=True,
        unsubscribe_url="https://x.example/u/1",
    )
    assert text.splitlines() == [
        "Hello Ann & <Bo>",
        "",
        "You live in Bern?",
        "",
        "Only for you: open (https://x.example/a%20b?a=1&b=2)",
        "",
        "What  Price",
        "Coffee  3 €",
        "Tea  2 €",
        "  * one",
        "  * two",
        "  * three",
        "---",
        "Unsubscribe (https://x.example/u/1)",
    ]


def test_a_condition_that_does_not_hold_leaves_no_gap() -> None:
    text = said(NEWSLETTER, name="Ann", city="", vip=False, id="", more=False, unsubscribe_url="/u")
    assert text.splitlines() == [
        "Hello Ann",
        "",
        "Where do you live?",
        "",
        "What  Price",
        "Tea  2 €",
        "  * one",
        "  * three",
        "---",
        "Unsubscribe (/u)",
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<img src=x width=1>", ""),
        ("a<br>b", "a\nb"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<div>a</div><div>b <i>c</i></div>", "a\nb c"),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="mailto:a@x.example">a@x.example</a>', "a@x.example"),
        ('<a href="https://x.example?a=1&amp;lt=2"><b>go &amp;lt;</b></a>', "go &lt; (https://x.example?a=1&lt=2)"),
        ('<a href="#top">up</a> <a>here</a> <a href="javascript:x()">run</a>', "up here run"),
        ('<a href="https://x.example"><img src=x alt="Buy now"></a>', "Buy now (https://x.example)"),
        ('<a href="https://x.example"><img src=x></a>', "https://x.example"),
        ('<a href="https://x.example"><table><tr><td>Buy</table></a>', "Buy\n(https://x.example)"),
        ("<td>a<td>b", "a\nb"),
        ("<table><tr><td>a<td>b<tr><td><p>c</p><td>d</table>", "a  b\n\nc\n\nd"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("x <script>y</script><style>z</style><template>w</template> v", "x v"),
        ("a&shy;b&#8203;c &lt;b&gt; &amp;amp;", "abc <b> &amp;"),
        ("{{ as it stands }} {% if", "{{ as it stands }} {% if"),
        ("<?xml version='1.0' encoding='latin-1'?><meta charset=latin-1><p>ü – 你</p>", "ü – 你"),
        ("<p style='margin-top:9999999em;padding:9999em'>a</p><ol start=99999999999999999999><li>b</ol>", "a\n\n 1. b"),
        ("<ul><li {{ x }}>a</li {></ul>", "  * a"),
    ],
)  # fmt: skip
def test_what_people_read_of_html(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("{{ x }}", "<&>"),
        ("{{ x | e }} {{ x|escape|upper }} {{ x | e() }} {{ none | default(x|e) }}", "<&> <&> <&> <&>"),
        ("{{ 'a|e' }}", "a|e"),
        ("{% if x | e == x %}same{% endif %}", "same"),
        ("a {%- if x %} b {%- endif %} c", "a b c"),
        ("{# not said #}a", "a"),
        ("{% raw %}{{ x }} {% if %}{% endraw %}", "{{ x }} {% if %}"),
        ("&#123;&#123; x }} &#123;% if x %} &#123;# x #} &#123;{{ x }} {", "{{ x }} {% if x %} {# x #} {<&> {"),
        ("<p {% if x %}class=a{% endif %}>b</p>", "b"),
        ("<!-- {% if x %} --> a <!-- {% endif %} -->b", "a b"),
        ("<style>{% if x %}p{}{% endif %}</style>a", "a"),
        ('<a href="{% if x %}https://a.example{% else %}https://b.example{% endif %}">go</a>', "go (https://a.example)"),
        ('<a href="{{ x }}">{{ x }}</a>', "<&>"),
        ('<img alt="{{ x }}">', "<&>"),
        ("<table>{% if x %}<tr><td>a</td></tr>{% else %}<tr><td>b</td></tr>{% endif %}<tr><td>c</table>", "a\nc"),
    ],
)  # fmt: skip
def test_templates_give_templates_in_which_nothing_is_escaped(html: str, text: str) -> None:
    assert said(html, x="<&>", none=None) == text


@pytest.mark.parametrize(
    "html",
    [
        "<p>\n\n<div style='display:none'>{% if x %}a</div>b{% endif %}",
        "<p>\n\na{% if x %}<!-- {% else %} -->b{% endif %}",
        "<title>\n\n{% if x %}</title>a{% endif %}",
    ],
)
def test_a_condition_of_which_only_a_part_is_read_is_refused_with_its_line(html: str) -> None:
    with pytest.raises(ValidationError, match="Line 3: a part of this condition"):
        text_of(html, template=True)


@pytest.mark.parametrize(
    ("html", "reason"),
    [("<div>" * 300, "200 deep"), ("<div>" * 100_000, "200 deep"), ("<p>x" * 30_000, "20,000 elements")],
)
def test_too_much_is_refused(html: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        text_of(html)


@pytest.mark.parametrize(
    "html",
    [
        "<p>x <b>y</b></p>" * 6_000,
        "<b>x<p>" * 90,
        "word " * 200_000,
        "<" * 1_000_000,
        "<!--" * 250_000,
        "&" * 1_000_000,
        "<a href=" * 125_000,
        "<p>" + "&zwnj; " * 140_000,
        "\u200c\u00a0" * 500_000,
        "\u200b" * 1_000_000,
        " \n" * 500_000,
        "<pre>" + "\n" * 900_000,
        "<table><tr><td>" * 60,
        '<p style="' + "display " * 120_000 + '">',
        "{{" * 500_000,
        "{% raw %}" + "{" * 900_000 + "{% endraw %}",
    ],
)  # fmt: skip
def test_a_megabyte_of_anything_takes_a_moment(html: str) -> None:
    began = time.process_time()
    with suppress(ValidationError):
        text_of(html, template=html.startswith("{%"))
    assert time.process_time() - began < 20  # seconds; a machine under load needs some tenths of one


# What a template says in text is what the HTML says that it makes

VALUES = st.text(st.sampled_from('abc&<>"{}%#'), min_size=1, max_size=6)
WORDS = st.text(st.sampled_from("abcdef "), max_size=8)
LEAVES = st.one_of(WORDS, st.sampled_from(["{{ x }}", "{{ y | e }}", "<br>", "&amp;", "&#123;{{ x }}", "&nbsp;"]))
SHAPES = (
    "<p>{}</p>", "<b>{}</b>", "<div>{}</div>", "<ul><li>{}</li><li>x</li></ul>", "<table><tr><td>{}</td></tr></table>",
    "<table><tr><td>a</td><td>{}</td></tr></table>", '<a href="https://x.example/{{{{ x | urlencode }}}}">go {}</a>',
    "{{% if a %}}{}{{% endif %}}", "{{% if b %}}{}{{% else %}}other{{% endif %}}", "<!-- {{{{ x }}}} -->{}",
    "<table>{{% if a %}}<tr><td>{}</td></tr>{{% endif %}}<tr><td>end</td></tr></table>",
)  # fmt: skip
PAGES = st.recursive(
    LEAVES,
    lambda inner: st.lists(st.builds(str.format, st.sampled_from(SHAPES), inner), max_size=4).map(" ".join),
    max_leaves=12,
)


@given(PAGES, VALUES, VALUES, st.booleans(), st.booleans())
def test_a_template_made_of_html_says_what_its_messages_say(html: str, x: str, y: str, a: bool, b: bool) -> None:
    values = {"x": x, "y": y, "a": a, "b": b}
    message = Template(html, html=True).render(values)
    assert said(html, **values).split() == text_of(message).split()
