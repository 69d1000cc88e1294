"""The terms that new cases carry, as the settings name them."""

from pydantic import ValidationError

from cancellation.domain.policy import CancellationPolicy
from cancellation.messages.envelope import words_of
from cancellation.settings import Settings


def load_policy(settings: Settings) -> CancellationPolicy:
    """The policy for cases that bring none.

    Raises:
        ValueError: the file is not a valid policy; the message names the field.
    """
    if settings.policy_file is None:
        return CancellationPolicy()
    try:
        return CancellationPolicy.model_validate_json(settings.policy_file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "(arquivo)"
        message = f"CANCELAMENTO_POLICY_FILE: política inválida em {settings.policy_file}: {field}: {words_of(first)}"
        raise ValueError(message) from error
