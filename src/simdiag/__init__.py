"""Find out why a SIM top-up failed or a phone bill looks wrong, and what to do next."""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__"]
