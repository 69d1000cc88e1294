"""What several tests of the shape look at."""

from typing import Any

import pytest

from tests import compose
from tests.compose import SAID


@pytest.fixture(scope="package")
def composed() -> dict[str, Any]:
    """The production-like set's services as Compose takes them, the demonstration's and the upgrade's too."""
    return compose.composed(SAID, "--profile", "demo", "--profile", "upgrade")
