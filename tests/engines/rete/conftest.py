"""Settings of the tests of the experta engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "experta_suite: experta's own tests, with our guard, strategy and matcher in place",
    )
