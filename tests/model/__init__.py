"""The service against a small model of what it should do."""

import pytest

# What a rule found is told, not only that it failed.
pytest.register_assert_rewrite("tests.model.visitors", "tests.model.owners", "tests.model.factors")
