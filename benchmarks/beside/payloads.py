"""What the bare workflow's activities are told, and what they answer."""

from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel


class Entry(BaseModel):
    """One entry of the trail."""

    seq: int
    at: datetime
    detail: str


class Task(BaseModel):
    """A task for a team."""

    key: str
    title: str
    text: str


class Opening(BaseModel):
    """The case and Commercial's task."""

    case_id: str
    customer_id: str
    protocol: str
    at: datetime
    request: str
    task: Task
    trail: list[Entry]


class Customer(BaseModel):
    """Who wants to leave."""

    name: str
    email: str
    resources: list[str]


class Formalized(BaseModel):
    """The e-mail that counts, and until when the notice runs."""

    message_id: str
    sender: str
    reason: str
    received_at: datetime
    ends_at: datetime


class Record(BaseModel):
    """A step of the case for the CRM."""

    case_id: str
    customer_id: str
    stage: str
    status: str
    trail: list[Entry]
    opened: list[Task] = []
    closed: list[str] = []
    formalized: Formalized | None = None


class Letter(BaseModel):
    """One letter to one audience."""

    key: str
    case_id: str
    to: str
    subject: str
    text: str


class Letters(BaseModel):
    """Letters that go out together."""

    letters: list[Letter]


class Ending(BaseModel):
    """Something ends with the notice."""

    case_id: str
    customer_id: str
    at: datetime
    last_day: date


class Invoice(BaseModel):
    """The final invoice."""

    total: Decimal
    voided: int
