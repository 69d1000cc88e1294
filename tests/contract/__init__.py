"""One suite a port, run against every adapter of it."""

import pytest

# The suites are not test modules by name, and their assertions shall speak all the same.
pytest.register_assert_rewrite("tests.contract.crm_suite", "tests.contract.telephony_suite")
