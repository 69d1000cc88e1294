"""Letters that waited until they were not true any more are left out (X18)."""

from datetime import timedelta

from cancellation.application.letters import write
from cancellation.application.payloads import is_superfluous
from cancellation.domain.commands import SendLetter
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.values import Archive
from cancellation.messages import letter_contents as say
from tests.unit.domain.build import INVENTORY, OPENED, in_notice, letters, port, recordings

NOW = OPENED + timedelta(hours=5)
ARCHIVE = Archive(link_id="c0ffee", files=3, size=99, sha256="ab", expires_at=NOW + timedelta(days=30))


def test_who_stays_hears_no_more_of_a_notice_that_was_undone_meanwhile_X18() -> None:
    case = in_notice()
    case.announce_notice(NOW)
    case.learn_inventory(INVENTORY, NOW)
    case.request_recordings(recordings(), NOW)
    case.note_archive(ARCHIVE, 1, NOW)
    case.record_port(port(), NOW)

    def going_out() -> list[LetterKind]:
        waiting = [one for one in case.pending.owed if isinstance(one.command, SendLetter)]
        return [
            one.command.letter.kind  # type: ignore[union-attr]
            for one in waiting
            if not is_superfluous(case, one, case.pending.owed, NOW)
        ]

    of_the_notice = {
        LetterKind.NOTICE_STARTED,
        LetterKind.FINAL_BILLING,
        LetterKind.SHUTDOWN_PLAN,
        LetterKind.RECORDINGS_READY,
    }
    assert of_the_notice <= set(going_out())
    case.withdraw("fica", "ana", NOW)
    case.settle_ending(NOW)
    assert not of_the_notice & set(going_out())
    assert {LetterKind.WITHDRAWN, LetterKind.WITHDRAWN_TO_TEAM, LetterKind.PORT_NOTED} <= set(going_out())
    noted = write(case, next(one for one in letters(case) if one.kind is LetterKind.PORT_NOTED), NOW).content
    assert isinstance(noted, say.PortNoted)
    assert noted.last_day is None
