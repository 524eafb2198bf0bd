"""Headers that a caller may add."""

from __future__ import annotations

import pytest

from app.domain.headers import check_headers, feedback_id, list_id
from app.domain.ids import new_id
from app.errors import ValidationError


def test_ordinary_headers_pass() -> None:
    given = {"X-Entity-Ref-ID": "1", "List-Unsubscribe": "<https://x.example>", "References": "<a@b>"}
    assert check_headers(given) == given


@pytest.mark.parametrize("value", ["sender", "::mail:sender", "spring:shop:mail:my-shop_1.com"])
def test_a_feedback_id_of_ones_own_in_googles_form_passes(value: str) -> None:
    assert check_headers({"Feedback-ID": value}) == {"Feedback-ID": value}


def test_a_feedback_id_is_the_campaigns_and_in_googles_form() -> None:
    campaign, workspace, sender = new_id(), new_id(), new_id()
    made = feedback_id(campaign_id=campaign, workspace_id=workspace, sender_id=sender)
    assert made == feedback_id(campaign_id=campaign, workspace_id=workspace, sender_id=sender)
    assert check_headers({"Feedback-ID": made})
    parts = made.split(":")
    assert len(parts) == 4
    assert len(set(parts)) == 4, "Gmail adds up what has the same identifier"
    others = {feedback_id(campaign_id=new_id(), workspace_id=workspace, sender_id=sender) for _ in range(100)}
    assert len(others) == 100
    assert {each.split(":", 1)[1] for each in others} == {made.split(":", 1)[1]}


def test_a_list_is_named_after_the_workspace_and_the_senders_domain() -> None:
    workspace = new_id()
    made = list_id(workspace_id=workspace, domain="xn--bcher-kva.example")
    assert made == f"<{workspace.hex[-12:]}.xn--bcher-kva.example>"
    assert check_headers({"List-ID": made})


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("From", "x", "field `from`"),
        ("BCC", "x", "field `bcc`"),
        ("reply-to", "x", "field `reply_to`"),
        ("Subject", "x", "field `subject`"),
        ("Date", "x", "cannot be set"),
        ("Message-ID", "x", "cannot be set"),
        ("Received", "x", "cannot be set"),
        ("Sender", "x", "cannot be set"),
        ("DKIM-Signature", "x", "cannot be set"),
        ("Content-Type", "x", "cannot be set"),
        ("content-anything", "x", "cannot be set"),
        ("Resent-To", "x", "cannot be set"),
        ("MIME-Version", "x", "cannot be set"),
        ("X-A", "a\r\nBcc: eve@example.com", "line breaks"),
        ("X-A", "a\nb", "line breaks"),
        ("X-A", "a\0b", "line breaks"),
        ("X-A", "a\u2028b", "line breaks"),
        ("X-A", "x" * 4001, "at most"),
        ("Feedback-ID", "", "a:b:c:SenderId"),
        ("Feedback-ID", "spring:shop:mail:", "a:b:c:SenderId"),
        ("feedback-id", "spring:shop:mail:4444", "a:b:c:SenderId"),
        ("Feedback-ID", "spring:shop:mail:one-of-17-letters", "a:b:c:SenderId"),
        ("Feedback-ID", "1:2:3:4:sender", "a:b:c:SenderId"),
        ("Feedback-ID", "the spring:shop:mail:sender", "a:b:c:SenderId"),
        ("Feedback-ID", "ann@example.com:shop:mail:sender", "a:b:c:SenderId"),
        ("X A", "x", "printable ASCII"),
        ("X:A", "x", "printable ASCII"),
        ("X-A\r\nBcc", "x", "printable ASCII"),
        ("X-Ü", "x", "printable ASCII"),
        ("", "x", "printable ASCII"),
    ],
)
def test_what_forges_or_breaks_a_message_is_refused(name: str, value: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason) as caught:
        check_headers({"X-Good": "1", name: value})
    (problem,) = caught.value.problems
    assert problem.path.startswith("headers.")
    assert "\n" not in problem.path


def test_the_same_header_twice_and_too_many_are_refused() -> None:
    with pytest.raises(ValidationError, match="twice"):
        check_headers({"X-A": "1", "x-a": "2"})
    with pytest.raises(ValidationError, match="At most 50"):
        check_headers({f"X-{number}": "1" for number in range(51)})
