"""The servers that come with the application, so that nothing but Python is needed.

A PostgreSQL, a Temporal server with its Web UI, a mail server that keeps what it gets, all on loopback, all
in one folder, under one supervisor that restarts what dies and leaves nothing behind.
"""

from embedded.child import Child
from embedded.errors import EmbeddedError, FolderInUse, PortTaken, StartInterrupted
from embedded.mail import MailSink, ReceivedMail
from embedded.managed import ManagedServer, ProcessServer
from embedded.postgres import EmbeddedPostgres
from embedded.stack import EmbeddedStack
from embedded.supervisor import Supervisor
from embedded.temporal import EmbeddedTemporal, temporal_binary

__all__ = [
    "Child",
    "EmbeddedError",
    "EmbeddedPostgres",
    "EmbeddedStack",
    "EmbeddedTemporal",
    "FolderInUse",
    "MailSink",
    "ManagedServer",
    "PortTaken",
    "ProcessServer",
    "ReceivedMail",
    "StartInterrupted",
    "Supervisor",
    "temporal_binary",
]
