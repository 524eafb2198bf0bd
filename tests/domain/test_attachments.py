"""What files that go along may be called and be said to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.attachments import default_name, media_type, read_content_id, why_not_named


@pytest.mark.parametrize("name", ["report.pdf", "Größe (2).png", "日本語.txt", "a;b\"c'.txt", ".env", "x" * 200])
def test_names_that_people_give_are_kept(name: str) -> None:
    assert why_not_named(name) is None


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("", "needs a name"),
        ("  ", "needs a name"),
        ("a\r\nBcc: eve@example.org", "line breaks"),
        ("a\0.pdf", "control"),
        ("a\u2028b", "line breaks"),
        ("../../etc/passwd", "folders"),
        ("C:\\boot.ini", "folders"),
        ("..", "folder's name"),
        ("x" * 201, "at most"),
        ("ü" * 128, "at most"),
        ("invoice\u202efdp.exe", "direction"),
    ],
)
def test_a_name_that_misleads_is_refused_with_the_reason(name: str, word: str) -> None:
    assert word in (why_not_named(name) or "")


@pytest.mark.parametrize(
    ("given", "name", "found"),
    [
        (None, "a.pdf", "application/pdf"),
        (None, "a.unknown-ending", "application/octet-stream"),
        (None, "a.tar.gz", "application/octet-stream"),
        ("Image/PNG", "a", "image/png"),
        ("text/calendar; charset=utf-8; method=REQUEST", "a", "text/calendar; charset=utf-8; method=REQUEST"),
        ('text/plain; format="flowed"', "a", "text/plain; format=flowed"),
        ('image/png; name="b.exe"', "a.png", "image/png"),
        ("message/rfc822", "a.eml", "application/octet-stream"),
        ("multipart/mixed; boundary=x", "a", "application/octet-stream"),
    ],
)
def test_a_media_type_is_given_or_found_by_the_name(given: str | None, name: str, found: str) -> None:
    assert str(media_type(given, name)) == found


@pytest.mark.parametrize("given", ["pdf", "a/b/c", "text/html\r\nBcc: x", "text/html; x=\r\n", "text /html", "é/b"])
def test_what_is_no_media_type_is_refused(given: str) -> None:
    assert media_type(given, "a") is None


@given(st.text(max_size=60))
def test_a_media_type_never_breaks_a_header(given: str) -> None:
    found = media_type(given, "a")
    assert found is None or (str(found).isascii() and str(found).isprintable())


@pytest.mark.parametrize(
    ("given", "found"),
    [("logo", "logo"), ("<logo@example.com>", "logo@example.com"), ("a b", None), ("a>\r\nx: y", None), ("", None)],
)
def test_a_content_id_is_read_without_its_brackets(given: str, found: str | None) -> None:
    assert read_content_id(given) == found


def test_a_file_without_a_name_is_called_by_its_place_and_type() -> None:
    assert default_name(1, None) == "attachment-1"
    assert default_name(2, "application/pdf") == "attachment-2.pdf"
