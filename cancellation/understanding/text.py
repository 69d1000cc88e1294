"""What a bare text says: subject and body, nothing else."""

from __future__ import annotations

from dataclasses import replace

from cancellation.understanding.damage import damage_in
from cancellation.understanding.judge import Judgement, judge
from cancellation.understanding.model import Model
from cancellation.understanding.models import Action, TextUnderstanding
from cancellation.understanding.newest import NewestText, newest_text

_DAMAGED = "O texto perdeu letras ou acentos no caminho: não se pode confiar no que diz."


def understand_text(subject: str, body: str, *, learned: Model | None = None) -> TextUnderstanding:
    """Understand a text without knowing who wrote it to whom.

    Only the newest text of the body counts, and the subject when it is not that of an answer or a forward.

    Args:
        subject: The subject, may be empty.
        body: The plain text body with whatever is quoted in it.
        learned: Other weights than the shipped ones.

    Returns:
        Whether the cancellation of the contract is plainly asked for (P7), the reason, and why it is read so.
        ``action`` is what could be done if sender, mailboxes and authentication were in order.
    """
    return understand_newest(subject, newest_text(body), learned=learned)


def understand_newest(subject: str, newest: NewestText, *, learned: Model | None = None) -> TextUnderstanding:
    """Understand a text whose quotations have been parted already.

    Args:
        subject: The subject, may be empty.
        newest: The newest text and what it answers or forwards.
        learned: Other weights than the shipped ones.

    Returns:
        As `understand_text`.
    """
    judged = judge(subject, newest.text, quoted=newest.quoted, forwarded=newest.forwarded, learned=learned)
    if (judged.request is True or judged.about) and damage_in(f"{subject}\n{newest.text}"):
        # Neither a request nor its opposite: the word that says which of them may be the one that was lost (X14).
        judged = replace(judged, request="unsure", sentences=(), reason=None, why=(_DAMAGED,))
    action = _action(judged, bool(newest.text.strip()))
    missing = (() if judged.request is True else ("explicit_request",)) + (
        () if judged.reason else ("reason",)
    )
    return TextUnderstanding(
        explicit_request=judged.request,
        reason=judged.reason.text if judged.reason else None,
        reason_category=judged.reason.category if judged.reason else None,
        action=action,
        missing=() if action is Action.IGNORE else missing,
        why=judged.why,
        rules=tuple(rule.name for rule in judged.objections),
        about_cancelling=judged.about,
        automatic=judged.automatic,
    )


def _action(judged: Judgement, has_text: bool) -> Action:
    if judged.automatic:
        return Action.IGNORE
    if judged.request is True:
        return Action.ACCEPT if judged.reason else Action.INCOMPLETE
    if judged.request is False and judged.reason is not None and not judged.about:
        return Action.INCOMPLETE
    if judged.request is False and not judged.about and has_text:
        return Action.IGNORE
    return Action.TRIAGE
