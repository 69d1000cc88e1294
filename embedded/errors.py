"""What can go wrong with the embedded servers, in words for the person who started them."""


class EmbeddedError(Exception):
    """An embedded server cannot be started or kept; the message is in Portuguese."""


class FolderInUse(EmbeddedError):
    """Another process already runs its servers in the same folder."""


class StartInterrupted(EmbeddedError):
    """The person asked to stop while the servers were still starting; everything has been stopped again."""
