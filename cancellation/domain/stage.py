"""The stages of a case and the only moves between them."""

from enum import StrEnum


class Stage(StrEnum):
    """Where a case stands (process.md, "Stages")."""

    RETENTION = "retention"
    AWAITING_FORMALIZATION = "awaiting_formalization"
    NOTICE = "notice"
    CLOSING = "closing"
    CLOSED = "closed"
    RETAINED = "retained"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    DISCARDED = "discarded"

    @property
    def is_terminal(self) -> bool:
        """Whether the case has ended; a terminal stage never changes again."""
        return self in _TERMINAL

    @property
    def crm_status(self) -> str:
        """The customer's status in the CRM while the case stands here, in the procedure's words (P12)."""
        return _CRM_STATUS[self]


class Move(StrEnum):
    """What can move a case from one stage to another."""

    DECLINED = "declined"
    RETAINED = "retained"
    FORMALIZED = "formalized"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    NOTICE_ENDED = "notice_ended"
    ALL_RELEASED = "all_released"
    DISCARDED = "discarded"
    NOTHING_TO_DO = "nothing_to_do"
    """The CRM does not know the customer, or nothing is left to close."""
    STOPPED = "stopped"
    """The Temporal execution was asked to cancel before the point of no return."""


class NotAllowed(Exception):
    """A move does not apply to the stage; the case stays as it is."""

    def __init__(self, stage: Stage, move: Move) -> None:
        super().__init__(f"{move} does not apply to a case in {stage}")
        self.stage = stage
        self.move = move


_TERMINAL = frozenset({Stage.CLOSED, Stage.RETAINED, Stage.WITHDRAWN, Stage.LAPSED, Stage.DISCARDED})

_CRM_STATUS = {
    Stage.RETENTION: "Em retenção",
    Stage.AWAITING_FORMALIZATION: "Aguardando formalização",
    Stage.NOTICE: "Cancelamento em andamento",
    Stage.CLOSING: "Cancelamento em andamento",
    Stage.CLOSED: "Cancelado",
    Stage.RETAINED: "Ativo",
    Stage.WITHDRAWN: "Ativo",
    Stage.LAPSED: "Ativo",
    Stage.DISCARDED: "Ativo",
}

_MOVES: dict[tuple[Stage, Move], Stage] = {
    (Stage.RETENTION, Move.DECLINED): Stage.AWAITING_FORMALIZATION,
    (Stage.RETENTION, Move.RETAINED): Stage.RETAINED,
    (Stage.RETENTION, Move.DISCARDED): Stage.DISCARDED,
    (Stage.RETENTION, Move.NOTHING_TO_DO): Stage.DISCARDED,
    (Stage.AWAITING_FORMALIZATION, Move.NOTHING_TO_DO): Stage.DISCARDED,
    (Stage.RETENTION, Move.STOPPED): Stage.DISCARDED,
    (Stage.AWAITING_FORMALIZATION, Move.FORMALIZED): Stage.NOTICE,
    (Stage.AWAITING_FORMALIZATION, Move.RETAINED): Stage.RETAINED,
    (Stage.AWAITING_FORMALIZATION, Move.LAPSED): Stage.LAPSED,
    (Stage.AWAITING_FORMALIZATION, Move.DISCARDED): Stage.DISCARDED,
    (Stage.AWAITING_FORMALIZATION, Move.STOPPED): Stage.DISCARDED,
    (Stage.NOTICE, Move.WITHDRAWN): Stage.WITHDRAWN,
    (Stage.NOTICE, Move.NOTICE_ENDED): Stage.CLOSING,
    (Stage.NOTICE, Move.STOPPED): Stage.DISCARDED,
    (Stage.CLOSING, Move.STOPPED): Stage.DISCARDED,
    (Stage.CLOSING, Move.WITHDRAWN): Stage.WITHDRAWN,  # only before the point of no return
    (Stage.CLOSING, Move.ALL_RELEASED): Stage.CLOSED,
}


def advance(stage: Stage, move: Move) -> Stage:
    """Return the stage that `move` leads to from `stage`.

    Raises:
        NotAllowed: the table has no such move. Terminal stages have none at all.
    """
    try:
        return _MOVES[stage, move]
    except KeyError:
        raise NotAllowed(stage, move) from None
