"""One suite a port, run against every adapter of it."""

import pytest

# The suites are not test modules by name, and their assertions shall speak all the same.
pytest.register_assert_rewrite(
    *(
        f"tests.contract.crm_{part}"
        for part in ("suite", "trail_suite", "formalization_suite", "succession_suite")
    ),
    *(f"tests.contract.{port}_suite" for port in ("telephony", "billing", "recordings")),
)
