"""All that is stored about a person, as it is handed to that person: no secrets, no hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from vestibule.auth.devices import in_words
from vestibule.auth.proofs import words_of
from vestibule.db import Transaction
from vestibule.records import AuditEvent, OutboxMessage
from vestibule.user import Passkey, Session, Token, User

# How many acts a page has.
PAGE = 50


def everything(tx: Transaction, user: User) -> dict[str, Any]:
    """The user's rows in every table, in words and times of UTC (RFC 3339)."""
    return {
        "account": {
            "email": user.email,
            "created_at": _time(user.created_at),
            "verified_at": _time(user.verified_at),
            "pseudonym": user.pseudonym,
            "administrator": user.administrator,
            "factors_end_at": _time(user.factors_end_at),
        },
        "sessions": [_session(row) for row in tx.sessions.of_user(user.id)],
        "logins": [{"expires_at": _time(row.expires_at)} for row in tx.logins.of_user(user.id)],
        "factors": _factors(tx, user),
        "tokens": [_token(row) for row in tx.tokens.of_user(user.id)],
        "mails": [_mail(row) for row in tx.outbox.of_user(user.id, user.email)],
        "activity": [_event(row) for row in tx.audit.all(user=user.pseudonym)],
    }


def _session(row: Session) -> dict[str, Any]:
    return {
        "created_at": _time(row.created_at),
        "last_seen_at": _time(row.last_seen_at),
        "expires_at": _time(row.expires_at),
        "device": in_words(row.user_agent),
        "user_agent": row.user_agent,
        "address": row.address,
        "amr": words_of(row.amr),
        "proved_at": _time(row.proved_at or row.created_at),
    }


def _factors(tx: Transaction, user: User) -> dict[str, Any]:
    row = tx.factors.totp(user.id)
    return {
        "otp": {"created_at": _time(row.created_at)} if row else None,
        "passkeys": [_passkey(each) for each in tx.passkeys.of_user(user.id)],
        "recovery_codes": tx.factors.codes_left(user.id),
    }


def _passkey(row: Passkey) -> dict[str, Any]:
    return {
        "name": row.name,
        "created_at": _time(row.created_at),
        "last_used_at": _time(row.last_used_at),
        "sign_count": row.sign_count,
        "transports": row.transports.split(),
        "backed_up": row.backed_up,
    }


def _token(row: Token) -> dict[str, Any]:
    return {"purpose": row.purpose, "expires_at": _time(row.expires_at), "address": row.address}


def _mail(row: OutboxMessage) -> dict[str, Any]:
    # Not what became of it: that would tell who asked for another address whether it is taken.
    return {
        "kind": row.template,
        "queued_at": _time(row.created_at),
        "recipient": row.recipient,
        "about": row.about,
    }


def activity(tx: Transaction, user: User, before: int | None) -> dict[str, Any]:
    """A page of the user's acts, the newest first, and where the next one begins."""
    rows = tx.audit.newest(PAGE + 1, user.pseudonym, before)
    more = rows[PAGE - 1].id if len(rows) > PAGE else None
    return {"activity": [_event(row) for row in rows[:PAGE]], "next": more}


def _event(row: AuditEvent) -> dict[str, Any]:
    return {
        "at": _time(row.at),
        "act": row.act,
        "outcome": row.outcome,
        "session": row.session,
        "origin": row.origin,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
