"""What pages are written on: a layout, the visitor's language, and what went wrong.

The templates are the whole interface: a page is a template and the few words that it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from vestibule.auth.devices import UNKNOWN
from vestibule.auth.errors import PasswordRefused, Refusal, TooManyAttempts
from vestibule.auth.passkeys import Passkeys
from vestibule.config import Settings
from vestibule.web.advice import keys_of
from vestibule.web.door import auth, kept_close
from vestibule.web.headers import page_headers
from vestibule.web.languages import Languages, Words, languages_of
from vestibule.web.page_templates import Templates
from vestibule.web.problems import STATUS, again
from vestibule.web.theme import Theme, put_on
from vestibule.web.visitors import cookie_name

SHEETS = "sheets"
LANGUAGE = "language"
# What is said once, on the next page; the cookie names the words.
NOTICE = "notice"
NOTICE_SECONDS = 60
# A path that is longer is nobody's.
LONGEST_PATH = 2000
# The field that a refusal is about, unless a form says otherwise.
FIELDS = {
    "credentials_wrong": "password",
    "email_in_use": "email",
    "email_invalid": "email",
    "email_same": "email",
    "email_taken": "email",
    "factor_required": "code",
    "factor_wrong": "code",
    "password_refused": "password",
    "password_too_long": "password",
    "undo_open": "email",
}
UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


class Trouble(NamedTuple):
    """What went wrong, in words, and with which field; empty: with none of them."""

    text: Markup
    field: str
    # What would help, where that is known.
    advice: Markup = Markup()


class Sheets:
    """The templates, and the words that all of them are given."""

    def __init__(self, settings: Settings, look: Theme) -> None:
        self.languages = languages_of(settings)
        self.headers = page_headers(settings, look.style_source)
        self.return_origins = settings.may_return_to
        self._templates = Templates(
            settings.page_templates,
            {
                "languages": list(self.languages.all.values()),
                # The classic profile has the pages of the exercise alone, and no script.
                "scripts": not settings.classic,
                # Whether browsers know passkeys where the service is.
                "passkeys": not settings.classic and Passkeys.of(settings).domain is not None,
                "site": settings.called,
                "picture": look.picture,
                "style": look.style,
                "trouble": None,
                "notice": None,
                "here": "/",
                "top": False,
            },
        )

    def render(self, template: str, words: Words, **given: Any) -> str:
        """The page that a template makes of what it is given."""
        return self._templates.render(template, {"t": words, **given})

    def require_usable(self) -> None:
        """Accept an operator's templates that make a page of each example, in each language.

        :raises BadSetting: naming the file and what is wrong with it.
        """
        for words in self.languages.all.values():
            wrong = Trouble(words("refusals.session_none"), "")
            self._templates.require_usable({"t": words}, {"t": words, "trouble": wrong})


def lay_out(app: Flask, settings: Settings) -> None:
    """Give ``app`` its sheets."""
    app.extensions[SHEETS] = Sheets(settings, put_on(app, settings))


def require_usable(settings: Settings) -> None:
    """Accept what an operator says of pages, before the service starts with it.

    :raises BadSetting: naming what cannot be used, and why.
    """
    look = Theme(settings)
    if settings.page_languages:
        Languages(settings.page_languages)
    if settings.page_templates:
        Sheets(settings, look).require_usable()


def sheets() -> Sheets:
    """What pages are written on."""
    return cast(Sheets, current_app.extensions[SHEETS])


def words() -> Words:
    """The words in the visitor's language."""
    chosen = request.cookies.get(cookie_name(LANGUAGE))
    return sheets().languages.chosen(chosen, request.headers.get("Accept-Language"))


def show(
    template: str, status: int = 200, *, trouble: Trouble | None = None, **given: Any
) -> Response:
    """The page that a template makes of what it is given, in the visitor's language."""
    said, noted = words(), request.cookies.get(cookie_name(NOTICE))
    notice = noted if f"notices.{noted}" in said else None
    back = here(whole=status < 400) or "/"
    page = sheets().render(template, said, trouble=trouble, notice=notice, here=back, **given)
    response = Response(page, status, sheets().headers, mimetype="text/html")
    if noted:
        response.delete_cookie(cookie_name(NOTICE), **kept_close())
    return response


def refused(
    template: str,
    refusal: Refusal,
    *,
    at: Mapping[str, str] | None = None,
    instead: Mapping[str, str] | None = None,
    **given: Any,
) -> Response:
    """The form once more, with the reason beside the field that it is about.

    :param at: the field of a code, where it is another than usual.
    :param instead: the words of a code, where there are others than usual.
    """
    code = (instead or {}).get(refusal.code, refusal.code)
    field = (at or {}).get(refusal.code, FIELDS.get(refusal.code, ""))
    trouble = Trouble(_in_words(refusal, code), field, _advice(refusal))
    response = show(template, STATUS[refusal.code], trouble=trouble, **given)
    response.headers.update(again(refusal))
    return response


def _in_words(refusal: Refusal, code: str) -> Markup:
    t = words()
    if isinstance(refusal, PasswordRefused):
        return t(f"rules.{refusal.rule}", fewest=fewest())
    if isinstance(refusal, TooManyAttempts):
        wait = refusal.retry_after or 1
        unit, seconds = next(each for each in UNITS if wait >= each[1])
        when = t(f"when.{unit}", count=-(-wait // seconds))
        return t(f"refusals.{code}{'_long' if unit == 'days' else ''}", when=when)
    return t(f"refusals.{code}")


def _advice(refusal: Refusal) -> Markup:
    said = [refusal.advice] if isinstance(refusal, PasswordRefused) else []
    return Markup(" ").join(map(words(), keys_of(said)))


def fewest() -> int:
    """How many characters a new password has at least."""
    policy = auth().passwords.policy
    return policy.min_length if policy else 1


def called(device: str) -> Markup:
    """What the visitor's language calls a device that ``auth.devices`` has put in words."""
    t = words()
    browser, both, system = device.partition(" on ")
    if device == UNKNOWN:
        return t("sessions.unknown")
    return t("sessions.device", browser=browser, system=system) if both else Markup.escape(browser)


def moment(when: datetime) -> str:
    """A moment, as the visitor's language writes it."""
    return when.strftime(str(words()("page.time")))


def go(path: str, notice: str = "") -> Response:
    """Send the browser there after something was done; the page there says what.

    With 303 (RFC 9110) it asks for that page, and does not send the form again.
    """
    response = Response("", 303, {"Location": path}, mimetype="text/html")
    if notice:
        name, close = cookie_name(NOTICE), kept_close()
        response.set_cookie(name, notice, max_age=NOTICE_SECONDS, **close)
    return response


def here(*, whole: bool = True) -> str | None:
    """The path to ask for this page again; of a form's answer, the one of the form, if any.

    :param whole: with its query, which is somebody else's where it was refused.
    """
    if request.endpoint is None:
        return None
    if request.method in ("GET", "HEAD"):
        return safe_next(request.full_path.rstrip("?") if whole else request.path)
    try:
        current_app.url_map.bind("").match(request.path, "GET")
    except HTTPException:
        return None
    return safe_next(request.path)


def safe_next(path: str) -> str | None:
    """``path`` if it leads to a page of this site, or to a site that the operator lists.

    Browsers take a backslash for a slash, drop tabs and line breaks, and so may read another
    address than we: such a path is none.
    """
    plain = path.isascii() and path.isprintable() and not set(path) & set(' \\"<>')
    if not plain or not 0 < len(path) <= LONGEST_PATH:
        return None
    try:
        parts = urlsplit(path)
    except ValueError:
        return None
    if not parts.scheme and not parts.netloc and path.startswith("/") and path[:2] != "//":
        return path
    listed = f"{parts.scheme}://{parts.netloc}".lower() in sheets().return_origins
    return path if listed else None
