// What goes to and from a cancellation, as plain JSON.
// Written by `cancelamento schema` from the schemas beside it.

/** An instant with its offset, as `2026-11-22T10:15:00-03:00`. */
export type DateTime = string;

/** A day, as `2026-11-22`. */
export type CalendarDate = string;

/** A time of the day, as `09:00:00`. */
export type TimeOfDay = string;

/** Letters to the customer that a person may send once more: their kinds. */
export type AgainLetter = "request_received" | "script" | "formalized_early" | "notice_started" | "recordings_ready" | "closed";

/** The answer to an accepted update. */
export interface Answer {
  /** Left out: `true`. */
  accepted?: boolean;
  stage: Stage;
  protocol: string;
  /** Left out: `false`. */
  duplicate?: boolean;
  /** Left out: `false`. */
  opened?: boolean;
}

/** The receiving server's verdict on an e-mail (X9). */
export type Authentication = "pass" | "fail" | "none";

/** A letter of ours came back some time after it had been taken (X16). */
export interface BounceMessage {
  message_id?: string | null;
  occurred_at?: DateTime | null;
  actor?: string | null;
  letter: string;
  status: string;
}

/** When people may be reminded: weekdays that are no holiday, local time of the policy's zone (X4). */
export interface BusinessHours {
  /** Left out: `"09:00:00"`. */
  opens?: TimeOfDay;
  /** Left out: `"18:00:00"`. */
  closes?: TimeOfDay;
}

/**
 * The terms of one cancellation, frozen into the case when it opens (process.md, legal background).
 *
 * Days are calendar days unless a name says business days; dates and hours are of `time_zone`.
 */
export interface CancellationPolicy {
  /** Left out: `"America/Sao_Paulo"`. */
  time_zone?: "America/Sao_Paulo";
  /** Left out: `["financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br"]`. */
  mailboxes?: string[];
  /** Left out: `30`. */
  notice_days?: number;
  /** Left out: `"8.2"`. */
  clause?: string;
  /** Left out: `30`. */
  formalization_term_days?: number;
  /** Left out: `60`. */
  clock_skew_seconds?: number;
  /** Left out: `5`. */
  mail_age_days?: number;
  /** Left out: `60`. */
  attention_after_minutes?: number;
  /** Left out: `5`. */
  letter_gives_up_days?: number;
  /** Left out: `24`. */
  late_handling_hours?: number;
  /** Left out: `168`. */
  awake_interval_hours?: number;
  /** Left out: `[4, 24, 72, 168]`. */
  commercial_reminder_hours?: number[];
  /** Left out: `2`. */
  decision_business_days?: number;
  /** Left out: `[7, 20, 27]`. */
  formalization_reminder_days?: number[];
  /** Left out: `3`. */
  port_business_days?: number;
  /** Left out: `5`. */
  port_reminder_days_before?: number;
  /** Left out: `3`. */
  link_reminder_days_before?: number;
  /** Left out: `15`. */
  port_grace_days?: number;
  /** Left out: `true`. */
  purge_recordings?: boolean;
  /** Left out: `2`. */
  billing_watch_cycles?: number;
  /** Left out: `{"opens": "09:00:00", "closes": "18:00:00"}`. */
  business_hours?: BusinessHours;
  holidays?: CalendarDate[] | null;
  zone_rules?: ZoneRules | null;
}

/** The result of the execution. */
export interface CaseResult {
  case_id: string;
  protocol: string;
  outcome: string;
  ended_at: DateTime;
  notice: Notice | null;
  released: Released;
  held_numbers: HeldNumber[];
  voided_charges: number;
  trail_entries: number;
}

/** The start argument of the workflow `Cancellation`. */
export interface CaseStart {
  customer_id: string;
  request: RequestMessage;
  policy?: CancellationPolicy | null;
}

/** The whole state of a case, for people and tools. */
export interface CaseStatus {
  case_id: string;
  protocol: string;
  customer_id: string;
  customer_name: string | null;
  stage: Stage;
  crm_status: string;
  opened_at: DateTime;
  channel: Channel;
  contacts: Request[];
  reason: Reason | null;
  offers: Offer[];
  formalization: FormalizationView | null;
  missing: string[];
  notice: Notice | null;
  numbers: NumberView[];
  recordings: RecordingsView | null;
  attention: string[];
  due: Due[];
  refused: RefusedMessage[];
  outcome: string | null;
  messages_seen: number;
  /** Left out: `[]`. */
  pending?: PendingView[];
  /** Left out: `[]`. */
  undecided_mails?: UndecidedMail[];
  ended_at?: DateTime | null;
  ended_by?: string | null;
  ending?: string | null;
  released?: Released | null;
  invoice_total?: string | null;
  trail_entries?: number | null;
  trail_recorded?: number | null;
}

/** How a request reached the provider (P1). */
export type Channel = "whatsapp" | "phone" | "email" | "chatbot" | "other";

/**
 * A person who speaks for the customer, as the channel knows them: any field may be unknown or rough.
 *
 * Nothing is ever decided on these: authorised contacts come from the CRM (X9).
 */
export interface Contact {
  name?: string | null;
  email?: string | null;
  phone?: string | null;
}

/** An operator ends a case that was opened by mistake. */
export interface DiscardMessage {
  message_id?: string | null;
  occurred_at?: DateTime | null;
  actor?: string | null;
  reason: string;
}

/** Something that will happen at an instant if nothing else does before. */
export interface Due {
  what: string;
  at: DateTime;
}

/** One e-mail of the customer that asks for the cancellation, as the reader understood it (P7, P11). */
export interface FormalizationMessage {
  message_id?: string | null;
  occurred_at?: DateTime | null;
  actor?: string | null;
  sender: string;
  recipients: string[];
  received_at: DateTime;
  subject?: string | null;
  explicit_request: boolean;
  reason?: string | null;
  authentication: Authentication;
  original_sha256?: string | null;
  original_ref?: string | null;
  confirmed_by?: string | null;
  refused_by?: string | null;
  /** Left out: `[]`. */
  doubts?: string[];
  /** Left out: `[]`. */
  request_words?: string[];
  /** Left out: `false`. */
  unseen?: boolean;
}

/** The formalization as `status` shows it (P7, P11). */
export interface FormalizationView {
  message_id: string;
  sender: string;
  recipients: string[];
  received_at: DateTime;
  subject: string;
  reason: string;
  authentication: Authentication;
  confirmed_by: string | null;
  original_sha256: string | null;
  original_ref: string | null;
  counts_from?: DateTime | null;
  notice_if_declined?: Notice | null;
}

/** A number that was kept after the notice (X6). */
export interface HeldNumber {
  number: string;
  held_until: DateTime;
  ended: string | null;
}

/**
 * The notice period of a formalised case (P8).
 *
 * `ends_at` is the first instant after the last day: midnight in the policy's time zone. Services run until
 * then, and nothing destructive happens before it (P15).
 */
export interface Notice {
  starts_at: DateTime;
  last_day: CalendarDate;
  ends_at: DateTime;
  clause: string;
}

/** A customer-owned number and its portability (P9, X6). */
export interface NumberView {
  number: string;
  port?: PortStatus | null;
  operator?: string | null;
  requested_at?: DateTime | null;
  held_until?: DateTime | null;
  ended?: string | null;
}

/** A retention offer as it stands now: who last changed it and when (P4). */
export interface Offer {
  offer_id: string;
  kind: OfferKind;
  description: string;
  status: OfferStatus;
  actor: string;
  at: DateTime;
}

/** What Commercial may propose to keep the customer (P4). */
export type OfferKind = "plan_adjustment" | "technical_fix" | "commercial_terms" | "training";

/** What became of an offer (P4). */
export type OfferStatus = "made" | "accepted" | "refused";

/** From this instant on local time is so many minutes ahead of UTC (negative: behind). */
export interface OffsetChange {
  at: DateTime;
  minutes: number;
}

/** How the retention attempt ended. */
export type Outcome = "retained" | "declined";

/** A piece of work that is owed outside (X7, X17). */
export interface PendingView {
  what: string;
  system: string;
  since: DateTime;
  failing_since?: DateTime | null;
  /** Left out: `false`. */
  attention?: boolean;
}

/** How the portability of one number stands (P9). */
export type PortStatus = "requested" | "completed" | "rejected" | "cancelled";

/** What became of the portability of one number (P9, X6). */
export interface PortabilityMessage {
  message_id?: string | null;
  occurred_at?: DateTime | null;
  actor?: string | null;
  number: string;
  status: PortStatus;
  operator?: string | null;
}

/** One thing wrong with a message: the field's path (`reason.text`) and the problem in Portuguese. */
export interface Problem {
  field: string;
  problem: string;
}

/** The reason for leaving: category and free text, both required (P3). */
export interface Reason {
  category: ReasonCategory;
  text: string;
}

/** Why a customer leaves (P3). */
export type ReasonCategory = "price" | "technical" | "competitor" | "business_closed" | "support" | "features" | "other";

/** The customer wants the call recordings (P10). Both dates null: everything. */
export interface RecordingsRequestMessage {
  message_id?: string | null;
  occurred_at?: DateTime | null;
  actor?: string | null;
  from_date?: CalendarDate | null;
  to_date?: CalendarDate | null;
  deliver_to?: string | null;
}

/** The customer's wish for the recordings, and the link (P10). The link itself is only in the e-mail. */
export interface RecordingsView {
  from_date: CalendarDate | null;
  to_date: CalendarDate | null;
  deliver_to: string | null;
  delivered: boolean;
  files?: number | null;
  size?: number | null;
  expires_at?: DateTime | null;
}

/** A message that was refused, as `status` shows it (X8). */
export interface RefusedMessage {
  at: DateTime;
  name: string;
  actor: string;
  message_id?: string | null;
  details: Problem[];
}

/** What closing released, by kind (P17). */
export interface Released {
  /** Left out: `0`. */
  extensions?: number;
  /** Left out: `0`. */
  trunks?: number;
  /** Left out: `0`. */
  licences?: number;
  /** Left out: `0`. */
  numbers?: number;
}

/** One contact of the customer who asks to cancel (P1). */
export interface Request {
  channel: Channel;
  /** Left out: `""`. */
  text?: string;
  /** Left out: `{"name": null, "email": null, "phone": null}`. */
  contact?: Contact;
  actor: string;
  at: DateTime;
}

/** A contact of the customer asks to cancel; the first opens the case, later ones join it (P1, X1). */
export interface RequestMessage {
  message_id?: string | null;
  occurred_at?: DateTime | null;
  actor?: string | null;
  channel: Channel;
  /** Left out: `""`. */
  text?: string;
  /** Left out: `{"name": null, "email": null, "phone": null}`. */
  contact?: Contact;
}

/**
 * A letter to the customer goes out again, as the case stands now; an address may be put right first (X16).
 *
 * The corrected contact is the customer's authorised contact from then on, in the case and in the CRM (X9).
 */
export interface ResendMessage {
  message_id?: string | null;
  occurred_at?: DateTime | null;
  actor?: string | null;
  letter: AgainLetter;
  wrong_address?: string | null;
  right_address?: string | null;
}

/** Commercial made an offer, or the customer answered one (P4). */
export interface RetentionOfferMessage {
  message_id?: string | null;
  occurred_at?: DateTime | null;
  actor?: string | null;
  offer_id: string;
  kind: OfferKind;
  description: string;
  status: OfferStatus;
}

/** How Commercial's attempt to keep the customer ended, always with the reason for leaving (P3). */
export interface RetentionOutcomeMessage {
  message_id?: string | null;
  occurred_at?: DateTime | null;
  actor?: string | null;
  outcome: Outcome;
  reason: Reason;
  notes?: string | null;
}

/** Where a case stands (process.md, "Stages"). */
export type Stage = "retention" | "awaiting_formalization" | "notice" | "closing" | "closed" | "retained" | "withdrawn" | "lapsed" | "discarded";

/** One thing that happened: when, who, what kind, and a sentence in Portuguese. */
export interface TrailEntry {
  seq: number;
  at: DateTime;
  actor: string;
  kind: string;
  detail: string;
  /** Left out: `[]`. */
  problems?: Problem[];
  message_id?: string | null;
}

/** An e-mail that waits for a person's decision (X15). */
export interface UndecidedMail {
  message_id: string;
  sender: string;
  subject: string;
  received_at: DateTime;
  why: string[];
  original_sha256?: string | null;
}

/** The customer gave up leaving, during the notice (X3). */
export interface WithdrawalMessage {
  message_id?: string | null;
  occurred_at?: DateTime | null;
  actor?: string | null;
  reason: string;
}

/** Local time over some years: the offset at the beginning, and every change after it. */
export interface ZoneRules {
  offset_minutes: number;
  /** Left out: `[]`. */
  changes?: OffsetChange[];
}

/** Each signal and what it carries; the update of the same payload is named `<signal>_checked`. */
export interface Signals {
  request: RequestMessage;
  retention_offer: RetentionOfferMessage;
  retention_outcome: RetentionOutcomeMessage;
  formalization: FormalizationMessage;
  portability: PortabilityMessage;
  recordings_request: RecordingsRequestMessage;
  withdrawal: WithdrawalMessage;
  discard: DiscardMessage;
  bounce: BounceMessage;
  resend: ResendMessage;
}

/** Each query and what it answers. */
export interface Queries {
  status: CaseStatus;
  trail: TrailEntry[];
}
