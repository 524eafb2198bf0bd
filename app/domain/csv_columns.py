"""The columns of a list: which holds the addresses, which the names, and what a template calls the others. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from app.errors import Problem, ValidationError

LIMIT: Final = 200  # columns

# Words that Jinja2 reads as its own.
_RESERVED: Final = {
    *("and", "caller", "elif", "else", "false", "for", "if", "in", "is", "loop", "none", "not", "or", "self"),
    *("super", "true"),
}


def name_columns(titles: Sequence[str], addresses: Sequence[int]) -> tuple[str | None, ...]:
    """Names that a template can use; exactly one is `email`, and that of people's names, if any, `name`.

    `addresses` counts the addresses in a sample of each column. By its title, unless that column has no address and
    another one has.
    """
    named = [i for i, title in enumerate(titles) if plain(title) in EMAIL_NAMES]
    with_content = [i for i in named if addresses[i]]
    candidates = with_content or (named if named and not any(addresses) else range(len(titles)))
    email = max(candidates, key=lambda i: (addresses[i], -i))
    name = next((i for i, title in enumerate(titles) if i != email and plain(title) in NAME_NAMES), None)
    taken = {"email", "name"} if name is not None else {"email"}
    return tuple(
        "email" if i == email else "name" if i == name else _free(i, titles[i], taken) for i in range(len(titles))
    )


def _free(place: int, title: str, taken: set[str]) -> str:
    wanted = variable_name(title) or f"column_{place + 1}"
    free, number = wanted, 2
    while free in taken:
        free, number = f"{wanted}_{number}", number + 1
    taken.add(free)
    return free


def check_mapping(mapping: Sequence[str | None], width: int) -> tuple[str | None, ...]:
    """The names that a person gave the columns, in their order; None leaves one out. Raises ValidationError."""
    problems = []
    given = [name for name in mapping if name is not None]
    if len(mapping) > width:
        problems.append(Problem("columns", f"The list has {width} columns and {len(mapping)} names are given."))
    if given.count("email") != 1:
        problems.append(Problem("columns", "Exactly one column is the `email`."))
    for place, name in enumerate(mapping):
        if name is not None and variable_name(name) != name:
            better = variable_name(name)
            meant = f": `{better}` would." if better else "."
            problems.append(Problem(f"columns[{place}]", f"A template cannot use this name{meant}"))
        elif name is not None and mapping.index(name) < place:
            problems.append(Problem(f"columns[{place}]", "This name is given twice."))
    if problems:
        raise ValidationError.of(problems)
    return (*mapping, *[None] * (width - len(mapping)))


def variable_name(title: str) -> str:
    """`First Name` -> `first_name`: what a template can use. Empty if nothing is left."""
    name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", title).lower()).strip("_")
    if not name:
        return ""
    if name[0].isdigit():
        name = f"column_{name}"
    return f"{name}_" if name in _RESERVED else name


def plain(title: str) -> str:
    """A title as it is compared: without case, accents, spaces and signs."""
    decomposed = unicodedata.normalize("NFKD", title).casefold()
    return "".join(c for c in decomposed if c.isalnum())


# What the column of addresses is called in the languages of many spreadsheets.
EMAIL_NAMES: Final = frozenset(
    map(
        plain,
        (
            *(
                "email",
                "emails",
                "e-mail 1 value",
                "mail",
                "email address",
                "email addresses",
                "mail address",
                "email id",
            ),
            *("work email", "recipient", "recipients", "recipient email", "to", "address", "addresses"),
            *("primary email", "contact email", "customer email", "subscriber"),
            *("E-Mail-Adresse", "E-Mail-Adressen", "Mailadresse", "E-Mail geschäftlich", "Empfänger"),  # German
            *(
                "adresse e-mail",
                "adresse mail",
                "adresse électronique",
                "courriel",
                "adresse courriel",
                "mél",
            ),  # French
            *("correo", "correo electrónico", "dirección de correo", "dirección de correo electrónico"),  # Spanish
            *("indirizzo e-mail", "posta elettronica", "indirizzo di posta elettronica"),  # Italian
            *("endereço de e-mail", "correio eletrónico", "correio eletrônico"),  # Portuguese
            *(
                "e-mailadres",
                "e-mailadressen",
                "e-postadress",
                "e-post",
                "e-postadresse",
                "e-mailadresse",
            ),  # nl, sv, no, da
            *("sähköposti", "sähköpostiosoite", "e-posta", "e-posta adresi", "e-mail cím", "e-mail-cím"),  # fi, tr, hu
            *(
                "adres e-mail",
                "adres email",
                "e-mailová adresa",
                "emailová adresa",
                "adresă de e-mail",
            ),  # pl, cs, sk, ro
            *(
                "электронная почта",
                "адрес электронной почты",
                "эл. почта",
                "почта",
                "імейл",
                "електронна пошта",
            ),  # ru, uk
            *("ηλεκτρονικό ταχυδρομείο", "διεύθυνση email", "البريد الإلكتروني", 'דוא"ל', "אימייל"),  # el, ar, he
            *(
                "メール",
                "メールアドレス",
                "eメール",
                "電子メール",
                "邮箱",
                "邮箱地址",
                "电子邮件",
                "电子邮箱",
            ),  # ja, zh
            *("電子郵件", "電子信箱", "信箱", "이메일", "이메일 주소", "메일", "อีเมล", "ईमेल"),  # zh, ko, th, hi
        ),
    )
)
NAME_NAMES: Final = frozenset(
    map(
        plain,
        (
            *(
                "name",
                "full name",
                "display name",
                "recipient name",
                "contact",
                "contact name",
                "nom",
                "nombre",
                "nome",
            ),
            *("vollständiger Name", "nom complet", "nombre completo", "nome completo", "naam", "namn", "navn", "nimi"),
            *("氏名", "名前", "お名前", "姓名", "이름", "имя и фамилия", "фио", "imię i nazwisko", "név", "jméno"),
        ),
    )
)
