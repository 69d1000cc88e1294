"""What can go wrong with the embedded servers, in words for the person who started them."""


class EmbeddedError(Exception):
    """An embedded server cannot be started or kept; the message is in Portuguese."""


class PortTaken(EmbeddedError):
    """A port that was asked for is in use."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(f"a porta {port} ({name}) já está em uso")
        self.port = port
        self.name = name
        """Of the server that should listen there, as `addresses.json` names it."""


class FolderInUse(EmbeddedError):
    """Another process already runs its servers in the same folder."""


class StartInterrupted(EmbeddedError):
    """The person asked to stop while the servers were still starting; everything has been stopped again."""
