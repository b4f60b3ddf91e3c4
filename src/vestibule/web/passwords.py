"""What is told about a password before it is set: whether it may be, and how strong it is."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from vestibule.web.advice import keys_of
from vestibule.web.bodies import Candidate, Verdict
from vestibule.web.door import answer, auth, read
from vestibule.web.openapi import TOO_LONG, Answer, Operation, describe, field_refusal
from vestibule.web.sheet import words

passwords = Blueprint("passwords", __name__)

WEAK = {
    "accepted": True,
    "rule": None,
    "reason": "",
    "score": 1,
    "advice": "Add another word or two; uncommon ones are best.",
}


@passwords.post("/password_strength")
@describe(
    Operation(
        "Ask what a new password would be worth. It is not stored, logged or passed on",
        (
            Answer(
                200,
                "The verdict, and advice by Accept-Language; the score is null while too many ask",
                WEAK,
                (Verdict,),
            ),
            TOO_LONG,
            field_refusal(400),
        ),
        body=Candidate,
        example={"password": "paintdry", "email": "alice@example.com"},
        storage=False,
    )
)
def strength() -> ResponseReturnValue:
    """Judge a password that somebody thinks of."""
    form = read(Candidate, missing=400)
    refusal, strength = auth().passwords.judge(form.password, form.email)
    said = (strength.warning, *strength.suggestions) if strength else ()
    return answer(
        accepted=refusal is None,
        rule=refusal.rule if refusal else None,
        reason=refusal.why if refusal else "",
        score=strength.score if strength else None,
        advice=" ".join(map(str, map(words(), keys_of(said)))),
    )
