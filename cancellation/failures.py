"""What goes wrong when a case is asked, one exception for each kind; whoever catches them loads no engine."""


class CaseNotFound(LookupError):
    """Temporal knows no case of that customer, protocol number or workflow id."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"nenhum caso encontrado para “{reference}”")
        self.reference = reference


class CaseEnded(CaseNotFound):
    """The case has ended and takes no more messages."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.args = (f"o caso de “{reference}” já terminou",)


class CaseFailed(RuntimeError):
    """The execution failed or was terminated: a bug, or a start argument that could not be read."""


class CaseNotAnswering(RuntimeError):
    """The case runs and its workflow task fails: a bug, which only a person can look at; the server is there."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"o caso de “{reference}” não responde: a execução falha a cada tentativa e precisa de uma pessoa "
            "(veja-a na tela do Temporal)"
        )
        self.reference = reference


class ServerUnreachable(ConnectionError):
    """Temporal cannot be reached, or no worker answers; the message says which, in Portuguese."""
