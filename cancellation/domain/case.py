"""What each fact, and the passing of time, does to a case.

Every method takes `now` (aware) and either changes the case and writes the trail, or raises `Refused` and
changes nothing. Effects on other systems are not done here: the workflow reads the case and owes them.
"""

from datetime import datetime, timedelta

from cancellation.domain.formalization import assess, content_missing, distrust
from cancellation.domain.notice import notice_from
from cancellation.domain.refusal import refuse
from cancellation.domain.stage import Event, Stage
from cancellation.domain.state import CaseState, DutyKind, Held
from cancellation.domain.trail import SYSTEM
from cancellation.domain.values import (
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
from cancellation.language import vocabulary
from cancellation.language.words import last_day_before, listed, moment, period, phone, short_date, told_later


class Case(CaseState):
    """One customer's cancellation."""

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

    def finish(self, now: datetime) -> None:
        """Everything is released, verified and confirmed (P18)."""
        self._advance(Event.ALL_RELEASED, field="stage")
        self.trail.add(now, SYSTEM, "closed", "Cancelamento concluído.")

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


_CONTACTS_KEPT = 200
"""Beside the first; the trail has them all."""
_CONTACT_TEXT_KEPT = 500
_OFFERS_KEPT = 50
_MAILS_KEPT = 100
