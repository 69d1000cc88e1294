"""The authority for a destructive act (P19)."""

from pydantic import AwareDatetime

from cancellation.domain.values import Value


class Warrant(Value):
    """Names the complete formalization and the ended notice that allow a destructive act.

    The workflow issues it after the point of no return; the activity checks it again against the CRM and the
    clock, and PostgreSQL a third time by constraint.
    """

    case_id: str
    """Also the key of the formalization: a case has one."""
    customer_id: str
    notice_ends_at: AwareDatetime
    at: AwareDatetime
    """The workflow's instant of the act, which must not lie before `notice_ends_at`."""
