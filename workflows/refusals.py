"""How a refusal leaves a workflow: type `Refused`, a message in Portuguese, one detail for each field."""

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from cancellation.domain.refusal import Refused


def refused_error(refusal: Refused) -> ApplicationError:
    """The error that a caller of an update gets, or that ends an execution whose start cannot be read."""
    return ApplicationError(
        f"Recusado: {refusal.told}",
        *[problem.model_dump() for problem in refusal.problems],
        type="Refused",
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )
