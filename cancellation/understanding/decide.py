"""What is to be done with a message: the one decision, from everything that was read (P7, X9, X12).

The first row that fits decides:

| # | when | action |
|---|---|---|
| 1 | received in the future of `now`, or passed on by more than 40 servers (a loop) | refuse |
| 2 | from one of our own mailboxes, and not rewritten by a group service | ignore |
| 3 | proven automatic, and it says nothing: an absence, a report | ignore |
| 4 | cannot be read: encrypted, TNEF without text, too complex, unknown charset, no text at all | triage |
| 5 | nothing about cancelling, no protocol number, no reason given in an answer, and surely read | ignore |
| 6 | not exactly one From, a domain that imitates another, somebody else's address as name | triage |
| 7 | customer not found, several fit, or the text names another customer than the sender's | triage |
| 8 | the sender is not an authorised contact, or the authentication did not pass | triage |
| 8a | signs of an automatic answer, though it says something (X15) | triage |
| 9 | not surely read: damaged, parts not read, plain and HTML that say different things (X14) | triage |
| 10 | written long before it was received, or nobody knows when (X9) | triage |
| 11 | a company, CNPJ, contract or protocol named that is not the customer's (X9) | triage |
| 12 | the text is unsure, says the contrary, asks or threatens | triage |
| 13 | request and reason there, all mailboxes reached | accept |
| 14 | the same with something missing, in a mail that must not be answered (X15) | triage |
| 15 | a trusted sender plainly formalizes but something is missing | incomplete |

Whether a mail may be answered, whether it counts and who must see it are three decisions (X15). Signs of bulk, a list,
a calendar part or words of absence say nothing about the second one; any sign of automatic mail forbids the first.
`ignore` means that there is nothing in it to count; who must see it all the same is decided by whoever knows whether
the customer has an open case. `refuse` means
that it is recorded as refused and never becomes a case for decision. `missing` is told for accept
(empty), incomplete and triage. Wherever 9 to 11 hold, whatever row decides, `explicit_request` is "unsure": such
a message counts neither as a request nor as its opposite.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from cancellation.understanding.authentication import Authentication, verdict
from cancellation.understanding.clues import Clues, Customer, Directory, clues_of
from cancellation.understanding.domains import domain_of, looks_like
from cancellation.understanding.doubts import (
    Said,
    not_surely_read,
    out_of_time,
    said,
    somebody_elses,
)
from cancellation.understanding.evidence import request_words
from cancellation.understanding.mail import Automatic, MailReading, Warning
from cancellation.understanding.models import (
    Action,
    Provider,
    TextUnderstanding,
    Understanding,
)
from cancellation.understanding.newest import NewestText
from cancellation.understanding.text import understand_newest

MAX_HOPS = 40
CLOCK_TOLERANCE = timedelta(minutes=5)
"""Two servers' clocks may differ by this much before a receipt counts as lying in the future."""

_TOLD = {
    Warning.NO_FROM: "A mensagem não diz quem a enviou.",
    Warning.SEVERAL_FROM: "A mensagem tem mais de um remetente (From).",
    Warning.SENDER_DIFFERS: "Quem transmitiu a mensagem (Sender) não é o remetente (From).",
    Warning.REPLY_TO_DIFFERS: "O endereço de resposta (Reply-To) não é o do remetente.",
    Warning.ADDRESS_IN_NAME: "O nome exibido do remetente contém o endereço de outra pessoa.",
    Warning.FOREIGN_LETTERS: "O endereço do remetente usa letras que imitam outras.",
    Warning.BROKEN_MIME: "A mensagem está malformada; foi lido o que era legível.",
    Warning.UNKNOWN_CHARSET: "A codificação de caracteres é desconhecida.",
    Warning.TOO_COMPLEX: "A mensagem é complexa demais para ser lida com segurança.",
    Warning.ENCRYPTED: "A mensagem está cifrada e não pode ser lida.",
    Warning.TNEF: "O conteúdo veio num anexo do Outlook (winmail.dat).",
    Warning.NESTED_MESSAGE: "Há outra mensagem anexada, que não conta como pedido.",
    Warning.TEXT_CUT: "O texto é muito longo; só o começo foi lido.",
    Warning.NO_TEXT: "A mensagem não tem texto novo.",
}


_UNKNOWN_PROVIDER = Provider()


def understand(
    reading: MailReading,
    directory: Directory,
    policy_mailboxes: Sequence[str],
    trusted_authserv_ids: Sequence[str],
    *,
    now: datetime | None = None,
    provider: Provider = _UNKNOWN_PROVIDER,
    mail_age_days: int | None = 5,
    known_letters: Sequence[str] = (),
) -> Understanding:
    """Decide what a message is and what is to be done with it.

    Args:
        reading: The message read by `read_message`.
        directory: The customers that its clues (`clues_of`) lead to.
        policy_mailboxes: The mailboxes a formalization must reach (P7).
        trusted_authserv_ids: Names of our own receiving servers (X9).
        now: The present instant, aware; without it a receipt in the future goes unseen.
        provider: What else must be known of the provider.
        mail_age_days: How far the Date header and the receipt may lie apart (X9); None where a person says
            when it was received.
        known_letters: Texts of letters of the case, where they are known only now (X14).

    Returns:
        The decision by the table in this module's docstring, with its reasons in Portuguese.
    """
    found = said(reading, known_letters)
    text = found.text
    authentication = verdict(reading, trusted_authserv_ids, nameless_servers=provider.nameless_servers)
    clues = clues_of(reading)
    customer, doubt = _customer(clues, directory, reading.sender)
    unsure = not_surely_read(reading, found)
    doubts = [
        *unsure,
        *out_of_time(reading, mail_age_days),
        *somebody_elses(reading, directory, customer, policy_mailboxes, provider),
    ]
    quiet = found.quiet and not clues.protocols
    if unsure and (customer is not None or any(directory.by_email(one) for one in reading.from_addresses)):
        quiet = False
    mailboxes = reached(reading, policy_mailboxes)
    authorised = _authorised(reading, directory, customer)
    missing = _missing(text, authentication, mailboxes, policy_mailboxes, authorised)
    empty = _is_empty(reading, found, doubts)
    action, why = _decision(
        reading,
        text,
        authentication,
        clues,
        directory,
        customer,
        doubt,
        missing,
        policy_mailboxes,
        now,
        doubts,
        quiet=quiet,
        empty=empty,
    )
    if doubts and action is Action.TRIAGE:
        text = _not_counted(text, reason_counts=not unsure)
        missing = _missing(text, authentication, mailboxes, policy_mailboxes, authorised)
    if action is Action.ACCEPT and missing:
        action = Action.INCOMPLETE
    asks = action in (Action.ACCEPT, Action.INCOMPLETE) and text.explicit_request is True
    return Understanding(
        customer_id=customer.customer_id if customer else None,
        mailboxes=mailboxes,
        authentication=authentication.verdict,
        explicit_request=text.explicit_request,
        reason=text.reason,
        reason_category=text.reason_category,
        action=action,
        missing=() if action in (Action.IGNORE, Action.REFUSE) else missing,
        why=tuple(dict.fromkeys([*why, *text.why, *authentication.why, *_odd(reading)])),
        request_words=request_words(reading.subject, found.words) if asks else (),
        automatic=empty,
        authorised=authorised,
    )


def _not_counted(text: TextUnderstanding, *, reason_counts: bool) -> TextUnderstanding:
    """What a doubtful message says: neither a request nor its opposite, and a reason only where it was read.

    Whoever confirms the request then writes the reason down.
    """
    reason = {} if reason_counts else {"reason": None, "reason_category": None}
    return text.model_copy(update={"explicit_request": "unsure", **reason})


def reached(reading: MailReading, policy_mailboxes: Sequence[str]) -> tuple[str, ...]:
    """Return which of the policy's mailboxes a message reached (P7).

    A mailbox counts when it is addressed (To, Cc, Bcc) or when the receiving server says that it delivered
    there
    (Delivered-To, X-Original-To, envelope); a tag behind "+" is not looked at.
    """
    got = {_without_tag(address) for address in reading.recipients}
    return tuple(mailbox for mailbox in policy_mailboxes if _without_tag(mailbox) in got)


def _without_tag(address: str) -> str:
    return re.sub(r"\+[^@]*(?=@)", "", address.strip().lower())


def _customer(clues: Clues, directory: Directory, sender: str | None) -> tuple[Customer | None, str | None]:
    """Find the one customer, and say what is doubtful about it."""
    own = _by_id(c for address in ([sender] if sender else []) for c in directory.by_email(address))
    named = [
        _by_id(c for clue in of_a_kind for c in look_up(clue))
        for of_a_kind, look_up in (
            (clues.protocols, directory.by_protocol),
            (clues.cnpjs, directory.by_cnpj),
            (clues.customer_numbers, directory.by_customer_number),
        )
    ]
    fitting = own
    for group in named:
        if group and fitting:
            both = {key: customer for key, customer in fitting.items() if key in group}
            if not both:
                return None, "O texto menciona um cliente diferente daquele a que o remetente pertence."
            fitting = both
        elif group:
            fitting = group
    if not fitting:
        return None, "Nenhum cliente foi encontrado para este remetente ou para o que o texto menciona."
    if len(fitting) > 1:
        return None, "Mais de um cliente corresponde à mensagem."
    return next(iter(fitting.values())), None


def _by_id(customers: Iterable[Customer]) -> dict[str, Customer]:
    return {customer.customer_id: customer for customer in customers}


def _authorised(reading: MailReading, directory: Directory, customer: Customer | None) -> bool:
    if customer is None or reading.sender is None:
        return False
    if reading.sender in {address.strip().lower() for address in customer.authorised_emails}:
        return True
    return customer.customer_id in {known.customer_id for known in directory.by_email(reading.sender)}


def _missing(
    text: TextUnderstanding,
    authentication: Authentication,
    mailboxes: Sequence[str],
    policy_mailboxes: Sequence[str],
    authorised: bool,
) -> tuple[str, ...]:
    missing = [f"recipient:{mailbox}" for mailbox in policy_mailboxes if mailbox not in mailboxes]
    if text.explicit_request is not True:
        missing.append("explicit_request")
    if not text.reason:
        missing.append("reason")
    if authentication.verdict != "pass":
        missing.append("authentication")
    if not authorised:
        missing.append("sender")
    return tuple(missing)


def _decision(
    reading: MailReading,
    text: TextUnderstanding,
    authentication: Authentication,
    clues: Clues,
    directory: Directory,
    customer: Customer | None,
    doubt: str | None,
    missing: Sequence[str],
    policy_mailboxes: Sequence[str],
    now: datetime | None,
    doubts: Sequence[str],
    *,
    quiet: bool,
    empty: bool,
) -> tuple[Action, list[str]]:
    if now is not None and reading.received_at is not None and reading.received_at > now + CLOCK_TOLERANCE:
        return Action.REFUSE, ["A data de recebimento está no futuro."]
    if reading.hops > MAX_HOPS:
        return Action.REFUSE, ["A mensagem está circulando entre servidores (laço)."]
    own = _own_mail(reading, policy_mailboxes)
    if own is not None:
        return own
    if empty:
        return Action.IGNORE, [
            "É uma mensagem automática, sem conteúdo; não é respondida nem conta como pedido."
        ]
    unreadable = _unreadable(reading)
    if unreadable:
        return Action.TRIAGE, ["A mensagem não pôde ser lida: uma pessoa deve abri-la.", *doubts]
    if quiet:
        return Action.IGNORE, ["Não trata de cancelamento; fica na caixa de entrada para a equipe."]
    suspicious = _suspicious(reading, directory, clues, policy_mailboxes)
    if suspicious:
        return Action.TRIAGE, [suspicious, *doubts]
    if customer is None:
        return Action.TRIAGE, [doubt or "Nenhum cliente foi encontrado.", *doubts]
    if not _authorised(reading, directory, customer):
        return Action.TRIAGE, ["O remetente não é um contato autorizado deste cliente.", *doubts]
    if authentication.verdict != "pass":
        return Action.TRIAGE, ["O remetente não foi autenticado pelo servidor de recebimento.", *doubts]
    if _ANSWERS_OF_MACHINES & set(reading.automatic):
        return Action.TRIAGE, [
            "Tem sinais de resposta automática: não é respondida, e uma pessoa lê.",
            *doubts,
        ]
    if doubts:
        return Action.TRIAGE, list(doubts)
    if text.explicit_request is True or text.action is Action.INCOMPLETE:
        if missing and _automatic(reading, policy_mailboxes):
            return Action.TRIAGE, [
                "Falta algo, e a mensagem tem sinais de envio automático: não é respondida."
            ]
        return (Action.INCOMPLETE if missing else Action.ACCEPT), []
    return Action.TRIAGE, ["Uma pessoa do Comercial deve ler e decidir."]


def _own_mail(reading: MailReading, policy_mailboxes: Sequence[str]) -> tuple[Action, list[str]] | None:
    mine = {_without_tag(mailbox) for mailbox in policy_mailboxes}
    if reading.sender is None or _without_tag(reading.sender) not in mine:
        return None
    if reading.original_from or _our_list(reading, policy_mailboxes):
        return Action.TRIAGE, [
            "Um grupo de e-mail reescreveu o remetente: uma pessoa deve conferir quem escreveu."
        ]
    return Action.IGNORE, ["A mensagem foi enviada de uma das nossas próprias caixas."]


def _our_list(reading: MailReading, policy_mailboxes: Sequence[str]) -> bool:
    """Tell whether the list that passed it on is one of our mailboxes kept as a group ."""
    return reading.list_id is not None and any(
        reading.list_id in (mailbox.lower(), mailbox.lower().replace("@", "."))
        for mailbox in policy_mailboxes
    )


_ANSWERS_OF_MACHINES = frozenset(
    {
        Automatic.AUTO_SUBMITTED,
        Automatic.AUTO_REPLY,
        Automatic.REPORT,
        Automatic.NULL_RETURN_PATH,
        Automatic.MAILER_DAEMON,
    }
)
"""Signs of which a person's own mail has none; bulk, lists and calendars are only how it was sent."""


def _is_empty(reading: MailReading, found: Said, doubts: Sequence[str]) -> bool:
    """Whether it is proven that a program answered and that nothing is said: then nobody has to see it (X15).

    Subject and quotation are ours. A sign alone proves nothing, nor do words of absence: both together do.
    """
    body = understand_newest("", NewestText(found.words, "", False))
    says_nothing = body.explicit_request is False and body.reason is None and not body.about_cancelling
    if not says_nothing or doubts or not _ANSWERS_OF_MACHINES & set(reading.automatic):
        return False
    if reading.report is not None:
        return True
    return found.text.automatic and not reading.attachments and Warning.NO_TEXT not in reading.warnings


def _automatic(reading: MailReading, policy_mailboxes: Sequence[str]) -> bool:
    """Whether any sign forbids to answer; our own mailbox kept as a group is no list."""
    signs = set(reading.automatic)
    if _our_list(reading, policy_mailboxes):
        signs -= {Automatic.LIST, Automatic.BULK}
    return bool(signs)


def _unreadable(reading: MailReading) -> bool:
    warnings = set(reading.warnings)
    if warnings & {Warning.ENCRYPTED, Warning.TOO_COMPLEX, Warning.UNKNOWN_CHARSET}:
        return True
    return (Warning.NO_TEXT in warnings and not (reading.subject.strip() or reading.quoted.strip())) or {
        Warning.NO_TEXT, Warning.TNEF
    } <= warnings  # fmt: skip


def _suspicious(
    reading: MailReading, directory: Directory, clues: Clues, policy_mailboxes: Sequence[str]
) -> str | None:
    for warning in (Warning.NO_FROM, Warning.SEVERAL_FROM, Warning.ADDRESS_IN_NAME):
        if warning in reading.warnings:
            return _TOLD[warning]
    if reading.sender is None or directory.by_email(reading.sender):
        return None
    named = [c for p in clues.protocols for c in directory.by_protocol(p)]
    named += [c for p in clues.cnpjs for c in directory.by_cnpj(p)]
    named += [c for p in clues.customer_numbers for c in directory.by_customer_number(p)]
    genuine = {domain_of(address) for customer in named for address in customer.authorised_emails}
    imitated = looks_like(domain_of(reading.sender), genuine | {domain_of(m) for m in policy_mailboxes})
    if imitated:
        return f"O domínio do remetente imita {imitated}."
    return None


def _odd(reading: MailReading) -> list[str]:
    return [_TOLD[warning] for warning in reading.warnings if warning in _TOLD]
