"""What is known of the services by whose servers people send: how they show in a domain's DNS. Pure."""

from __future__ import annotations

from typing import Final

import msgspec


class MailService(msgspec.Struct, frozen=True, kw_only=True):
    """`hosts`: the ends of its servers' names. `include`: what its help pages ask for in SPF. `selectors`: where its
    DKIM keys usually are. `own_return_path`: it puts an address of its own in MAIL FROM, so SPF is asked of that."""

    name: str
    hosts: tuple[str, ...]
    include: str
    signing: str  # where signing is turned on
    selectors: tuple[str, ...] = ()
    own_return_path: bool = False


_SERVICES: Final = (
    MailService(
        name="Google",
        hosts=("gmail.com", "google.com"),
        include="_spf.google.com",
        selectors=("google",),
        signing="the Admin console: Apps, Google Workspace, Gmail, Authenticate email",
    ),
    MailService(
        name="Microsoft 365",
        hosts=("office365.com", "outlook.com"),
        include="spf.protection.outlook.com",
        selectors=("selector1", "selector2"),
        signing="the Defender portal: Email & collaboration, Policies, Email authentication settings, DKIM",
    ),
    MailService(
        name="Amazon SES",
        hosts=("amazonaws.com",),
        include="amazonses.com",
        signing="the SES console: Identities, the domain, Easy DKIM",
        own_return_path=True,
    ),
    MailService(
        name="SendGrid",
        hosts=("sendgrid.net",),
        include="sendgrid.net",
        selectors=("s1", "s2"),
        signing="Settings, Sender Authentication",
        own_return_path=True,
    ),
    MailService(
        name="Mailgun",
        hosts=("mailgun.org",),
        include="mailgun.org",
        selectors=("mailo", "pic", "k1", "smtp"),
        signing="Sending, Domains, DNS records",
    ),
    MailService(
        name="Postmark",
        hosts=("postmarkapp.com",),
        include="spf.mtasv.net",
        signing="Sender Signatures, the domain, DNS Settings",
        own_return_path=True,
    ),
    MailService(
        name="Resend",
        hosts=("resend.com",),
        include="amazonses.com",
        selectors=("resend",),
        signing="Domains",
        own_return_path=True,
    ),
    MailService(
        name="Brevo",
        hosts=("brevo.com", "sendinblue.com"),
        include="spf.brevo.com",
        selectors=("brevo1", "brevo2", "mail"),
        signing="Senders, Domains & Dedicated IPs, Domains",
        own_return_path=True,
    ),
    MailService(
        name="Mailjet",
        hosts=("mailjet.com",),
        include="spf.mailjet.com",
        selectors=("mailjet",),
        signing="Senders & Domains",
        own_return_path=True,
    ),
    MailService(
        name="Fastmail",
        hosts=("fastmail.com",),
        include="spf.messagingengine.com",
        selectors=("fm1", "fm2", "fm3"),
        signing="Settings, Domains",
    ),
    MailService(
        name="iCloud Mail",
        hosts=("mail.me.com",),
        include="icloud.com",
        selectors=("sig1",),
        signing="iCloud settings, Custom Email Domain",
    ),
    MailService(
        name="Zoho Mail",
        hosts=("zoho.com",),
        include="zoho.com",
        selectors=("zoho", "zmail"),
        signing="the Admin console: Domains, Email Configuration, DKIM",
    ),
)


def service_of(host: str) -> MailService | None:
    """By the name of its server."""
    return next((each for each in _SERVICES if any(f".{host}".endswith(f".{end}") for end in each.hosts)), None)
