"""Messages of every kind that people and programs send, as a caller of the API asks for them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from app.domain.addresses import parse
from app.domain.envelopes import written

TEXT: Final = (
    "Hello Bob,\n\nthe minutes of our meeting on Tuesday are ready. We agreed on the plan for the spring, and Carla"
    " will write to the printers this week. Please tell me until Friday if something is missing.\n\nKind regards\nAnn\n"
)
GERMAN: Final = "Schöne Grüße aus Köln: die Übersicht für März ist fertig, größer und übersichtlicher als zuvor.\n"
CHINESE: Final = "您好，会议纪要已经准备好了。我们同意了春季的计划，请在星期五之前告诉我是否有遗漏。\n" * 3
CYRILLIC: Final = (
    "Здравствуйте, протокол нашей встречи готов. Мы согласовали план на весну и ждём ваших замечаний.\n" * 3
)
ARABIC: Final = "مرحبا، محضر الاجتماع جاهز. اتفقنا على خطة الربيع، يرجى إخباري قبل يوم الجمعة.\n" * 3
HEBREW: Final = "שלום, הפרוטוקול של הפגישה מוכן. הסכמנו על התוכנית לאביב.\n" * 3
LONG: Final = TEXT * 15  # beside a picture a filter wants words

OCTETS: Final = bytes(range(256))
PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PICTURE: Final = '<img src="cid:logo@example.com" alt="Example" width="9" height="9">'
CALENDAR: Final = b"BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\nEND:VCALENDAR\n"  # of \r\n postal-mime makes \n
REFERENCES: Final = " ".join(f"<{number:036d}@mail.example.com>" for number in range(40))


@dataclass(frozen=True)
class File:
    name: str
    content: bytes
    given: str | None = None  # the content type that the caller names
    type: str = "application/octet-stream"  # the one it has then
    content_id: str | None = None

    @property
    def fields(self) -> dict[str, Any]:
        content = base64.b64encode(self.content).decode()
        return {
            "filename": self.name,
            "content": content,
            "content_type": self.given,
            "content_id": self.content_id,
        }


@dataclass(frozen=True)
class Letter:
    """`smells`: the rules of SpamAssassin that what was asked for breaks by itself, whoever writes it down."""

    fields: dict[str, Any]
    files: tuple[File, ...] = ()
    smells: frozenset[str] = frozenset()
    campaign: bool = False  # where "LINK" stands in its texts is the link to unsubscribe

    @property
    def request(self) -> dict[str, Any]:
        files = {"attachments": [file.fields for file in self.files]} if self.files else {}
        return {"from": "Ann Example <ann@example.com>", "to": "Bob Miller <bob@example.org>"} | self.fields | files

    def people(self, field: str) -> list[tuple[str, str]]:
        """Names and addresses as they are to arrive: domains in ASCII, unless the local part cannot be."""
        given = self.request.get(field) or []
        found = [parse(each) for each in ([given] if isinstance(given, str) else given)]
        return [(each.name, each.envelope) for each in found]


@dataclass(frozen=True)
class Campaign:
    subject: str
    text: str
    html: str
    recipients: tuple[tuple[str, str], ...]  # name and address


def _letter(
    text: str | None = TEXT,
    subject: str = "Minutes of Tuesday",
    *files: File,
    smells: Iterable[str] = (),
    **fields: Any,
) -> Letter:
    asked = {"subject": subject, "text": text} | {field.rstrip("_"): value for field, value in fields.items()}
    return Letter(asked, files, frozenset(smells))


def _page(body: str) -> str:
    return f"<html><head><title>Minutes</title></head><body>{body}</body></html>"


def _paragraphs(text: str) -> str:
    return _page("".join(f"<p>{each}</p>\n" for each in text.splitlines() if each))


LETTERS: Final[dict[str, Letter]] = {
    # Texts
    "text": _letter(),
    "HTML": _letter(None, html=_paragraphs(TEXT), smells=["MIME_HTML_ONLY"]),
    "both": _letter(html=_paragraphs(TEXT)),
    "a fragment of HTML": _letter(
        "See you on Tuesday at nine.", html="<p>See you on <b>Tuesday</b> at nine.", smells=["HTML_MIME_NO_HTML_TAG"]
    ),
    "one word": _letter("Yes", "Tuesday?", smells=["TVD_SPACE_RATIO"]),
    "one line break": _letter("\n", "Tuesday", smells=["EMPTY_MESSAGE", "TVD_SPACE_RATIO"]),
    "spaces at the ends of lines": _letter(f"  Dear Bob, \t\n \n\t\nten\u00a0euros  \nbye \n\n\n{TEXT}"),
    "lines of a Windows program": _letter(TEXT.replace("\n", "\r\n"), html=_paragraphs(TEXT).replace("\n", "\r\n")),
    "lines of every kind": _letter(f"one\r\ntwo\rthree\nfour\n\rsix\r\reight\n{TEXT}"),
    "dots where they end a message": _letter(
        f".\n..\n.hidden\n\n.\r\n{TEXT}\n.\n", html=_paragraphs(TEXT) + "<pre>\n.\n..\n</pre>"
    ),
    "what looks like the end of a part": _letter(f"--=_0\n--=_0--\nFrom here\n>From there\n\nSubject: no\n{TEXT}"),
    "long lines": _letter("word " * 2_000 + "x" * 5_000, html=_page("<i>word</i> " * 2_000 + "x" * 5_000)),
    "control characters": _letter(
        f"bell \x07 escape \x1b[1m page \x0c tab \t vertical \x0b delete \x7f next \x85 \u2028 \u2029\n{TEXT}"
    ),
    "one megabyte": _letter(TEXT * 3_600, html=_paragraphs(TEXT * 3_600)),
    # Scripts
    "German": _letter(GERMAN + TEXT, "Grüße aus Köln", html=_paragraphs(GERMAN + TEXT)),
    "Chinese": _letter(CHINESE, "会议纪要", from_="王小明 <ann@example.com>", to="李华 <bob@example.org>"),
    "Russian": _letter(CYRILLIC, "Протокол встречи", html=_paragraphs(CYRILLIC)),
    "Arabic": _letter(ARABIC, "محضر الاجتماع", html=_paragraphs(ARABIC), to="ليلى حسن <bob@example.org>"),
    "Hebrew with marks of direction": _letter(HEBREW, "פרוטוקול \u200f(2)\u200e", to="דוד כהן <bob@example.org>"),
    "emoji": _letter(f"Well done 🎉👩🏽‍💻🇨🇭\n{TEXT}", "Well done 🎉👩🏽‍💻🇨🇭", from_="Ann 🌱 <ann@example.com>"),
    "combining and invisible signs": _letter(
        f"e\u0301 \ufeff\u200b\u00ad \u202bx\u202c\n{TEXT}", "Cafe\u0301 \u00ad\u200d."
    ),
    # Subjects
    "a long subject": _letter(TEXT, "Minutes of our meeting on Tuesday and what was said about the plan, " * 12),
    "a long subject in Greek": _letter(TEXT, "Πρακτικά της συνάντησης της Τρίτης " * 12),
    "a subject of one long word": _letter(TEXT, "x" * 998),
    "a subject with room in it": _letter(TEXT, "Minutes  of   Tuesday"),
    "a subject that looks encoded": _letter(TEXT, "=?utf-8?q?Minutes?= of =?x"),
    "a subject of signs": _letter(TEXT, "Re: [team] \"Minutes\" (2/3); a <b> & c, 100 % \\o/ — 'x'"),
    # People
    "names that need quotation marks": _letter(
        from_=r'"Example, Ann (\"AE\") \\ Co." <ann@example.com>',
        to=['"Miller; Bob" <bob@example.org>', '"a@b" <dee@example.org>', "J. R. R. T. <jrrt@example.org>"],
    ),
    "long names": _letter(to=["Ö" * 200 + " <bob@example.org>", "Bob " * 49 + "<dee@example.org>"]),
    "no names": _letter(from_="ann@example.com", to="bob@example.org"),
    "many people": _letter(
        to=[f"Person Número {number} <to-{number}@example.org>" for number in range(20)],
        cc=[f"cc-{number}@example.org" for number in range(20)],
        bcc=[f"Secret {number} <bcc-{number}@example.org>" for number in range(10)],
    ),
    "several addresses for replies": _letter(reply_to=["Bücher, Team <team@example.com>", "ann@example.com"]),
    "domains beyond ASCII": _letter(to="Bob <bob@bücher.example>", cc="li@例子.example"),
    "an address beyond ASCII": _letter(GERMAN, to=["Jörg <jörg@bücher.example>", "bob@example.org"]),
    "an odd address": _letter(to="o'neil+tag_{x}|y!#$%&*/=?^`~@sub.example.org", smells=["APOSTROPHE_TOCC"]),
    # Headers
    "headers of a thread": _letter(
        TEXT,
        "Re: Minutes",
        headers={"In-Reply-To": "<0@mail.example.com>", "References": REFERENCES, "Importance": "normal"},
    ),
    "headers of a program": _letter(
        headers={
            "X-Entity-Ref-ID": "0190a8d0-6d3f-7e9e-8a39-1f0a1a1a1a1a",
            "X-Note": "Frühling, 春, 🌱 " * 8 + "end",
            "X-Token": "eyJ" + "0123456789abcdef" * 50,
            "X-Long": "0123456789abcdef" * 250,
            "X-Empty": "",
            "Feedback-ID": "spring:minutes::example",
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": "<https://example.com/u/1>, <mailto:out@example.com>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-ID": "Minutes <minutes.example.com>",
        },
        tags=[{"name": "kind", "value": "minutes"}],
    ),
    # Files
    "one file": _letter(TEXT, "Minutes", File("minutes.pdf", b"%PDF-1.7\n%%EOF\n", None, "application/pdf")),
    "a file beside HTML": _letter(
        TEXT, "Minutes", File("minutes.csv", b"a;b\r\n1;2\r\n", "text/csv", "text/csv"), html=_paragraphs(TEXT)
    ),
    "a picture in the text": _letter(
        LONG, "Minutes", File("logo.png", PNG, None, "image/png", "logo@example.com"), html=_paragraphs(LONG) + PICTURE
    ),
    "a picture in HTML alone and a file": _letter(
        None,
        "Minutes",
        File("minutes.pdf", b"%PDF-1.7\n", None, "application/pdf"),
        File("logo.png", PNG, None, "image/png", "logo@example.com"),
        html=_paragraphs(LONG) + PICTURE,
        smells=["MIME_HTML_ONLY"],
    ),
    "files of odd names": _letter(
        TEXT,
        "Minutes",
        File("Größe & Maß – Angebot 日本.pdf", OCTETS, None, "application/pdf"),
        File("Ünïcödé " * 15 + ".bin", b"x"),
        File("x" * 196 + ".bin", b"x"),
        File('two  spaces; and "quotes", it\'s (1) 100%25.bin', b"x"),
        File("no ending", b"x"),
        File(".hidden", b"x"),
    ),
    "files of many types": _letter(
        TEXT,
        "Minutes",
        File("page.html", b"<p>\r\n.\r\n", None, "text/html"),
        File("old.txt", "Grüße\n".encode("latin-1"), "text/plain; charset=iso-8859-1", "text/plain"),
        File("invite.ics", CALENDAR, "text/calendar; method=REQUEST; charset=utf-8", "text/calendar"),
        File("mail.eml", b"Subject: x\r\n\r\ny", "message/rfc822"),
        File("drawing.svg", b"<svg/>", None, "image/svg+xml"),
        File("archive.tar.gz", OCTETS),
        File("empty.json", b"", None, "application/json"),
        smells=["T_HTML_ATTACH"],
    ),
    "a big file": _letter(TEXT, "Photo", File("photo.jpg", OCTETS * 8_000, None, "image/jpeg")),
}

CAMPAIGN: Final = Campaign(
    subject="{{ name }}, the plan for the spring — for {{ name|upper }}",
    text="Hello {{ name }},\n.\n" + TEXT + "{{ email }}: {{ unsubscribe_url }}\n",
    html=_paragraphs("Hello {{ name }},\n" + TEXT + '{{ email }}: <a href="{{ unsubscribe_url }}">No more</a>\n'),
    recipients=(
        ("Bob Miller", "bob@example.org"),
        ("Zoë Ångström", "zoe@bücher.example"),
        ("王小明", "wang@example.org"),
        ("J. O. Müller, Ltd.", "müller@example.org"),
    ),
)


def invitation(name: str, email: str) -> Letter:
    """The campaign as one recipient gets it."""
    said = {"{{ name }}": name, "{{ name|upper }}": name.upper(), "{{ email }}": email, "{{ unsubscribe_url }}": "LINK"}
    words = {"subject": CAMPAIGN.subject, "text": CAMPAIGN.text, "html": CAMPAIGN.html}
    for tag, value in said.items():
        words = {field: text.replace(tag, value) for field, text in words.items()}
    return Letter(words | {"from": "ann@example.com", "to": written(email, name)}, campaign=True)
