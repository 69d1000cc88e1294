"""The state of a case, and what each fact does to it.

Every method takes `now` (aware) and either changes the case and writes the trail, or raises `Refused` and
changes nothing. Effects on other systems are not done here: the workflow reads the case and owes them.
"""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, Field

from cancellation.domain import vocabulary
from cancellation.domain.formalization import Formalization, assess, content_missing, distrust, still_missing
from cancellation.domain.notice import Notice, notice_from
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.refusal import Problem, refuse
from cancellation.domain.stage import Event, NotAllowed, Stage, advance
from cancellation.domain.trail import SYSTEM, Trail
from cancellation.domain.values import (
    Archive,
    Channel,
    FormalizationMail,
    Offer,
    OfferStatus,
    Outcome,
    Port,
    PortStatus,
    Reason,
    RecordingsRequest,
    Request,
)
from cancellation.domain.values import Released as Released
from cancellation.domain.words import last_day_before, listed, moment, period, phone, short_date, told_later


class DutyKind(StrEnum):
    """Something that a fact obliges the case to do outside, beside what its stage obliges it to."""

    TELL_WHAT_IS_MISSING = "tell_what_is_missing"
    ASK_COMMERCIAL_ABOUT_MAIL = "ask_commercial_about_mail"
    RECORD_PORT = "record_port"
    DELIVER_RECORDINGS = "deliver_recordings"


class Duty(BaseModel):
    """One owed effect: done once, in the order in which it arose."""

    ordinal: int
    kind: DutyKind
    reference: str = ""
    """The message id of the e-mail, or the number, that the duty is about."""
    missing: tuple[str, ...] = ()


class Held(BaseModel):
    """A number kept after the notice because its portability was asked for in time (X6)."""

    number: str
    held_until: AwareDatetime
    ended: str | None = None
    """None while it is held, then `completed` (ported) or `expired` (released without a port)."""


class RefusedMessage(BaseModel):
    """A message that was refused, as `status` shows it (X8)."""

    at: AwareDatetime
    name: str
    actor: str
    message_id: str | None = None
    details: tuple[Problem, ...]


class Case(BaseModel):
    """One customer's cancellation. Serialisable, so that a long case can continue in a new execution."""

    case_id: str
    """The execution's first run id."""
    customer_id: str
    protocol: str
    policy: CancellationPolicy
    opened_at: AwareDatetime
    channel: Channel
    opening_id: str
    """Message id of the request that opened the case."""
    opening_answered: bool = False
    stage: Stage = Stage.RETENTION
    contacts: list[Request] = Field(default_factory=list)
    offers: list[Offer] = Field(default_factory=list)
    reason: Reason | None = None
    declined_at: AwareDatetime | None = None
    mails: list[FormalizationMail] = Field(default_factory=list)
    authorised: list[str] = Field(default_factory=list)
    """Addresses of the customer's authorised contacts, as the CRM gave them (X9)."""
    customer_name: str | None = None
    """The company's name; None until the CRM has answered."""
    formalization: Formalization | None = None
    notice: Notice | None = None
    numbers: list[str] = Field(default_factory=list)
    """Customer-owned numbers, as telephony gave them (P9)."""
    numbers_known: bool = False
    ports: list[Port] = Field(default_factory=list)
    recordings: RecordingsRequest | None = None
    archive: Archive | None = None
    """The archive delivered last (P10)."""
    held: list[Held] = Field(default_factory=list)
    released: Released = Released()
    voided_charges: int = 0
    past_no_return: bool = False
    ending: str | None = None
    """Why the case ended, in words, where a fact gave them."""
    ended_at: AwareDatetime | None = None
    duties: list[Duty] = Field(default_factory=list)
    duties_seen: int = 0
    reminded: list[str] = Field(default_factory=list)
    """Names of reminders already given or found pointless."""
    milestones: list[str] = Field(default_factory=list)
    """Effects that a stage owes once and that were done."""
    attention: list[str] = Field(default_factory=list)
    """Steps that have been failing for longer than the policy allows (X7)."""
    refused: list[RefusedMessage] = Field(default_factory=list)
    threads: dict[str, str] = Field(default_factory=dict)
    """Audience to the Message-ID of the first letter that it got: later ones refer to it (X12)."""
    seen: dict[str, str] = Field(default_factory=dict)
    """Signal names with fingerprints of message ids, to fingerprints of what they said."""
    messages_seen: int = 0
    trail: Trail = Field(default_factory=Trail)

    # ------------------------------------------------------------------ messages in general

    def is_repeated(self, name: str, message_id: str, content: str) -> bool:
        """Whether this very message was taken before.

        Raises:
            Refused: the id was used for another content, which would lose one of the two.
        """
        known = self.seen.get(_key(name, message_id))
        if known == _fingerprint(content):
            return True
        if known is not None and name != "formalization":
            raise refuse("message_id", "já usado por outra mensagem com outro conteúdo")
        return False

    def remember(self, name: str, message_id: str, content: str) -> None:
        """Keep the id of a message that was taken."""
        if len(self.seen) >= _IDS_KEPT:
            del self.seen[next(iter(self.seen))]
        self.seen[_key(name, message_id)] = _fingerprint(content)

    def record_repeat(self, name: str, message_id: str, actor: str, now: datetime) -> None:
        """A message arrived again: it is in the trail and changes nothing (X2)."""
        what = vocabulary.message_name(name)
        self.trail.add(
            now, actor, "message_repeated", f"Mensagem repetida, nada mudou: {what} ({message_id})."
        )

    def record_refusal(
        self, name: str, message_id: str | None, actor: str, problems: list[Problem], now: datetime
    ) -> None:
        """A message was refused: it is in the trail and in `status.refused`, and changes nothing (X8)."""
        what = vocabulary.message_name(name)
        why = "; ".join(problem.told for problem in problems)
        why = why if len(why) <= 300 else f"{why[:299]}…"
        self.trail.add(now, actor, "message_refused", f"Mensagem recusada ({what}): {why}", tuple(problems))
        self.refused.append(
            RefusedMessage(
                at=now, name=name[:200], actor=actor, message_id=message_id, details=tuple(problems)
            )
        )
        del self.refused[:-_REFUSALS_KEPT]

    # ------------------------------------------------------------------ facts

    def receive_request(self, request: Request, now: datetime) -> None:
        """One more contact of the customer: joins the case and moves no date (P1, X1)."""
        self._must_be_open()
        first = not self.contacts
        short = request.model_copy(update={"text": request.text[:_CONTACT_TEXT_KEPT]})
        self.contacts.append(request if first else short)
        del self.contacts[1:-_CONTACTS_KEPT]
        what = "Solicitação recebida" if first else "Novo contato do cliente no caso aberto,"
        how = f"{vocabulary.by_channel(request.channel)}{told_later(request.at, now)}"
        said = f": “{request.text}”" if request.text else "."
        self.trail.add(now, request.actor, "request_received", f"{what} {how}{said}")

    def record_offer(self, offer: Offer, now: datetime) -> None:
        """An offer was made, accepted or refused, while the customer may still be kept (P4)."""
        self._must_stand_in(Stage.RETENTION, Stage.AWAITING_FORMALIZATION, Stage.NOTICE, what="oferta")
        known = next((o for o in self.offers if o.offer_id == offer.offer_id), None)
        if known is None and len(self.offers) >= _OFFERS_KEPT:
            raise refuse("offer_id", f"o caso já tem {_OFFERS_KEPT} ofertas")
        if known is not None and known.kind is not offer.kind:
            raise refuse(
                "kind", f"a oferta {offer.offer_id} foi registrada como {vocabulary.offer_kind(known.kind)}"
            )
        if known is not None and known.status is not OfferStatus.MADE and offer.status is not known.status:
            raise refuse(
                "status", f"a oferta {offer.offer_id} já foi {vocabulary.offer_status(known.status)}"
            )
        self.offers = [o for o in self.offers if o.offer_id != offer.offer_id] + [offer]
        what = f"Oferta {offer.offer_id}, {vocabulary.offer_kind(offer.kind)}"
        happened = f"{vocabulary.offer_status(offer.status)}{told_later(offer.at, now)}"
        self.trail.add(
            now,
            offer.actor,
            f"offer_{offer.status.value}",
            f"{what}, {happened}: {offer.description}",
        )

    def record_outcome(
        self,
        outcome: Outcome,
        reason: Reason,
        notes: str | None,
        actor: str,
        now: datetime,
        at: datetime | None = None,
    ) -> None:
        """Commercial's attempt ended, at `at`: the customer stays, or not (P3, P5, P6)."""
        event = Event.RETAINED if outcome is Outcome.RETAINED else Event.DECLINED
        self._advance(event, field="outcome")
        self.reason = reason
        when = told_later(at or now, now)
        why = f"{vocabulary.reason_category(reason.category)} (“{reason.text}”)."
        more = f" Observações: {notes}" if notes else ""
        if outcome is Outcome.RETAINED:
            self.ending = reason.text
            self.trail.add(now, actor, "retained", f"Cliente fica{when}. Motivo do pedido: {why}{more}")
            return
        self.declined_at = now
        self.trail.add(now, actor, "declined", f"Cliente mantém a decisão{when}. Motivo: {why}{more}")
        self.take_up_formalization(now)

    def receive_formalization(self, mail: FormalizationMail, actor: str, now: datetime) -> None:
        """An e-mail that asks for the cancellation, complete or not, in any open stage (P7, X2, X9)."""
        self._must_be_open()
        if mail.received_at > now + timedelta(seconds=self.policy.clock_skew_seconds):
            raise refuse("received_at", "está no futuro")
        self.mails.append(mail)
        self._let_go_of_mails()
        vouched = f" Confirmado por {mail.confirmed_by}." if mail.confirmed_by else ""
        self.trail.add(
            now,
            actor,
            "formalization_received",
            f"E-mail de formalização {mail.message_id} recebido em {moment(mail.received_at)}.{vouched}",
        )
        if self.formalization is None and self.customer_name is not None:
            self._judge(mail, now)
            self.take_up_formalization(now)

    def knows_mail(self, mail: FormalizationMail) -> bool:
        """Whether an e-mail says nothing that reports of the same Message-ID did not say before (X2)."""
        same = [m for m in self.mails if m.message_id == mail.message_id]
        reached = {address for m in same for address in m.recipients}
        # Copies delivered to two mailboxes differ in what servers wrote on top of them, so in their bytes.
        noise = {
            "recipients": (),
            "received_at": mail.received_at,
            "original_ref": None,
            "original_sha256": None,
        }
        wanted = mail.model_copy(update=noise)
        return set(mail.recipients) <= reached and any(m.model_copy(update=noise) == wanted for m in same)

    def record_port(self, port: Port, now: datetime) -> None:
        """What became of a number's portability (P9, X6)."""
        self._must_be_open()
        if self.numbers_known and port.number not in self.numbers:
            raise refuse("number", "o número não é de propriedade deste cliente")
        hold = next((h for h in self.held if h.number == port.number), None)
        if self.stage is Stage.CLOSING and (hold is None or hold.ended is not None):
            raise refuse("number", "o aviso prévio terminou e o número não está retido para portabilidade")
        if self.stage is Stage.CLOSING and port.status is PortStatus.REQUESTED:
            raise refuse("status", "o prazo para pedir a portabilidade terminou com o aviso prévio")
        known = next((p for p in self.ports if p.number == port.number), None)
        if known is not None and known.status is PortStatus.COMPLETED:
            raise refuse("status", "a portabilidade deste número já foi concluída")
        asked = now if port.status is PortStatus.REQUESTED else None
        if known is not None and known.requested_at is not None:
            asked = known.requested_at
        entry = port.model_copy(update={"requested_at": asked})
        self.ports = [p for p in self.ports if p.number != port.number] + [entry]
        what = f"Portabilidade do número {phone(port.number)} {vocabulary.port_status(port.status)}"
        to = f", operadora {port.operator}" if port.operator else ""
        when = told_later(port.at, now)
        self.trail.add(now, port.actor, f"port_{port.status.value}", f"{what}{when}{to}.")
        self.owe(DutyKind.RECORD_PORT, port.number)
        if hold is not None and hold.ended is None:
            hold.ended = "completed" if port.status is PortStatus.COMPLETED else "expired"

    def forget_port(self, number: str) -> None:
        """Telephony does not know the number as the customer's: it will never be held (X6)."""
        self.ports = [port for port in self.ports if port.number != number]

    def request_recordings(self, wanted: RecordingsRequest, now: datetime) -> None:
        """The customer wants the recordings; the link comes once the notice runs (P10)."""
        self._must_stand_in(
            Stage.RETENTION, Stage.AWAITING_FORMALIZATION, Stage.NOTICE, what="pedido de gravações"
        )
        if wanted.from_date and wanted.to_date and wanted.from_date > wanted.to_date:
            raise refuse("to_date", "é anterior ao primeiro dia pedido (from_date)")
        stranger = wanted.deliver_to is not None and wanted.deliver_to not in self.authorised
        if stranger and self.customer_name is not None:
            raise refuse("deliver_to", "não é o endereço de um contato autorizado do cliente")
        self.recordings = wanted
        when = told_later(wanted.at, now)
        which = period(wanted.from_date, wanted.to_date)
        self.trail.add(now, wanted.actor, "recordings_requested", f"Gravações pedidas{when}: {which}.")
        if self.stage is Stage.NOTICE:
            self.owe(DutyKind.DELIVER_RECORDINGS)

    def withdraw(self, reason: str, actor: str, now: datetime, at: datetime | None = None) -> None:
        """The customer gave up leaving during the notice, at `at` (X3)."""
        self._advance(Event.WITHDRAWN, field="stage")
        self.ending = reason
        when = told_later(at or now, now)
        self.trail.add(now, actor, "withdrawn", f"Cliente desistiu do cancelamento{when}: {reason}")

    def discard(self, reason: str, actor: str, now: datetime, at: datetime | None = None) -> None:
        """The case was opened by mistake; somebody said so at `at`."""
        self._advance(Event.DISCARDED, field="stage")
        self.ending = reason
        self.trail.add(now, actor, "discarded", f"Caso descartado{told_later(at or now, now)}: {reason}")

    def stop(self, now: datetime) -> None:
        """The Temporal execution was asked to cancel: ends the case while nothing destructive was done."""
        if self.past_no_return or self.stage.is_terminal:
            self.trail.add(
                now,
                "operador (Temporal)",
                "stop_refused",
                "Pedido de cancelamento da execução ignorado: o ponto sem retorno já passou.",
            )
            return
        self._advance(Event.STOPPED, field="stage")
        self.ending = "Execução cancelada no Temporal por um operador."
        self.trail.add(now, "operador (Temporal)", "discarded", self.ending)

    # ------------------------------------------------------------------ what time and answers do

    def learn_customer(self, name: str, authorised: list[str], now: datetime) -> None:
        """The CRM answered: e-mails that came before are judged now (X2, X9)."""
        self.customer_name = name
        self.authorised = authorised
        if self.recordings and self.recordings.deliver_to not in authorised:
            self.recordings = self.recordings.model_copy(update={"deliver_to": None})
        for mail in self.mails:
            self._judge(mail, now)
        self.take_up_formalization(now)

    def learn_numbers(self, numbers: list[str]) -> None:
        """Telephony answered: these numbers are the customer's own (P9)."""
        self.numbers = numbers
        self.numbers_known = True

    def take_up_formalization(self, now: datetime) -> None:
        """Move to the notice if the e-mails at hand are complete; else stay (P7, P8, X2).

        Nothing counts before the CRM has said whose contacts are authorised (X9).
        """
        if self.stage is not Stage.AWAITING_FORMALIZATION or self.customer_name is None:
            return
        formalization = assess(self.mails, self.authorised, self.policy)
        if formalization is None:
            return
        self._advance(Event.FORMALIZED, field="stage")
        self.formalization = formalization
        self.notice = notice_from(formalization.received_at, self.policy)
        self.trail.add(
            now,
            SYSTEM,
            "formalized",
            f"Formalização completa; aviso prévio até {short_date(self.notice.last_day)}, inclusive "
            f"(cláusula {self.notice.clause}).",
        )
        if self.recordings is not None:
            self.owe(DutyKind.DELIVER_RECORDINGS)

    def meet_deadlines(self, now: datetime) -> None:
        """Do what the passing of time obliges to: lapse, end of the notice, end of a hold (X5, P15, X6)."""
        if self.stage is Stage.AWAITING_FORMALIZATION and self.lapses_at and now >= self.lapses_at:
            self.lapse(now)
        elif self.stage is Stage.NOTICE and self.notice and self.notice.has_ended(now):
            self.end_notice(now)
        elif self.stage is Stage.CLOSING:
            self.expire_holds(now)

    def lapse(self, now: datetime) -> None:
        """No formalization within the policy's term (X5)."""
        self._advance(Event.LAPSED, field="stage")
        self.trail.add(now, SYSTEM, "lapsed", "Prazo para formalizar encerrado; o serviço continua ativo.")

    def end_notice(self, now: datetime) -> None:
        """The last day of the notice is over: holds numbers in the middle of a portability (P15, X6).

        Raises:
            Refused: the notice has not ended at `now` (P19).
        """
        if self.notice is None or not self.notice.has_ended(now):
            raise refuse("notice", "o aviso prévio ainda não terminou")
        self._advance(Event.NOTICE_ENDED, field="stage")
        self.trail.add(now, SYSTEM, "notice_ended", "Aviso prévio encerrado; início do encerramento.")
        until = self.policy.day_start(self.notice.last_day + timedelta(days=1 + self.policy.port_grace_days))
        for port in self.ports:
            if port.status is PortStatus.REQUESTED:
                self.held.append(Held(number=port.number, held_until=until))
                self.trail.add(
                    now,
                    SYSTEM,
                    "number_held",
                    f"Número {phone(port.number)} mantido até {short_date(last_day_before(until))}, inclusive: "
                    "portabilidade em andamento.",
                )

    def pass_point_of_no_return(self, now: datetime) -> None:
        """The first destructive act of closing is about to be ordered (P19).

        Raises:
            Refused: there is no complete formalization, or its notice has not ended.
        """
        if (
            self.stage is not Stage.CLOSING
            or self.formalization is None
            or self.notice is None
            or not self.notice.has_ended(now)
        ):
            raise refuse("stage", "nenhum ato destrutivo sem formalização completa e aviso prévio encerrado")
        if not self.past_no_return:
            self.past_no_return = True
            self.trail.add(
                now, SYSTEM, "point_of_no_return", "Ponto sem retorno: serviços serão desativados."
            )

    def expire_holds(self, now: datetime) -> None:
        """End the grace of held numbers whose portability did not finish in time (X6)."""
        for hold in self.held:
            if hold.ended is None and now >= hold.held_until:
                hold.ended = "expired"
                self.trail.add(
                    now,
                    SYSTEM,
                    "hold_expired",
                    f"Fim do prazo em que o número {phone(hold.number)} foi mantido, sem portabilidade concluída.",
                )

    @property
    def numbers_not_asked_for(self) -> list[str]:
        """The customer's own numbers whose portability nobody has asked for, or was rejected or given up (X4)."""
        going = {p.number for p in self.ports if p.status in (PortStatus.REQUESTED, PortStatus.COMPLETED)}
        return [number for number in self.numbers if number not in going]

    @property
    def held_now(self) -> list[Held]:
        """Numbers that are held at this moment."""
        return [hold for hold in self.held if hold.ended is None]

    def finish(self, now: datetime) -> None:
        """Everything is released, verified and confirmed (P18)."""
        self._advance(Event.ALL_RELEASED, field="stage")
        self.trail.add(now, SYSTEM, "closed", "Cancelamento concluído.")

    @property
    def missing(self) -> list[str]:
        """What the formalization still lacks, as codes of contract.md."""
        if self.formalization is not None:
            return []
        return still_missing(self.mails, self.authorised, self.policy)

    @property
    def lapses_at(self) -> datetime | None:
        """The end of the last day on which the formalization may still come (X5)."""
        if self.declined_at is None:
            return None
        day = self.policy.local_date(self.declined_at)
        return self.policy.day_start(day + timedelta(days=self.policy.formalization_term_days + 1))

    # ------------------------------------------------------------------ duties

    def owe(self, kind: DutyKind, reference: str = "", missing: tuple[str, ...] = ()) -> None:
        """Note an effect that a fact obliges the case to."""
        self.duties_seen += 1
        self.duties.append(Duty(ordinal=self.duties_seen, kind=kind, reference=reference, missing=missing))

    def done(self, duty: Duty) -> None:
        """The effect happened."""
        self.duties = [d for d in self.duties if d.ordinal != duty.ordinal]

    def reach(self, milestone: str) -> bool:
        """Whether this milestone is new; it is reached from now on."""
        if milestone in self.milestones:
            return False
        self.milestones.append(milestone)
        return True

    # ------------------------------------------------------------------ inner rules

    def _judge(self, mail: FormalizationMail, now: datetime) -> None:
        """Who has to hear of an e-mail that does not complete the formalization."""
        doubts = distrust(mail, self.authorised)
        if doubts:
            self.trail.add(
                now,
                SYSTEM,
                "formalization_untrusted",
                f"E-mail {mail.message_id} não conta sem decisão do Comercial: "
                f"{'; '.join(map(vocabulary.doubt, doubts))}.",
            )
            self.owe(DutyKind.ASK_COMMERCIAL_ABOUT_MAIL, mail.message_id, tuple(doubts))
            return
        trusted = [m for m in self.mails if not distrust(m, self.authorised)]
        missing = tuple(content_missing(trusted, self.policy))
        if missing:
            self.trail.add(
                now,
                SYSTEM,
                "formalization_incomplete",
                f"Formalização incompleta. Falta: {listed(map(vocabulary.missing, missing))}.",
            )
            self.owe(DutyKind.TELL_WHAT_IS_MISSING, mail.message_id, missing)

    def _let_go_of_mails(self) -> None:
        """A flood must not make the case too large to go on; what cannot count goes first."""
        if len(self.mails) > _MAILS_KEPT:
            doubtful = (mail for mail in self.mails[:-1] if distrust(mail, self.authorised))
            self.mails.remove(next(doubtful, self.mails[0]))

    def _advance(self, event: Event, field: str) -> None:
        try:
            self.stage = advance(self.stage, event)
        except NotAllowed:
            raise refuse(field, f"não se aplica a um caso na etapa {self._stage_name}") from None

    def _must_be_open(self) -> None:
        if self.stage.is_terminal:
            raise refuse("stage", f"o caso já terminou ({self._stage_name}) e não muda mais")

    def _must_stand_in(self, *stages: Stage, what: str) -> None:
        if self.stage not in stages:
            raise refuse("stage", f"{what} não se aplica a um caso na etapa {self._stage_name}")

    @property
    def _stage_name(self) -> str:
        return f"“{vocabulary.stage(self.stage)}”"


_REFUSALS_KEPT = 50
_CONTACTS_KEPT = 200
"""Beside the first; the trail has them all."""
_CONTACT_TEXT_KEPT = 500
_OFFERS_KEPT = 50
_MAILS_KEPT = 100
_IDS_KEPT = 2000


def _key(name: str, message_id: str) -> str:
    return f"{name}:{_fingerprint(message_id)}"


def _fingerprint(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:16]
