"""Settings of every test run."""

from __future__ import annotations

import os

from hypothesis import settings

# `house`: the same examples in every run, no deadline on shared machines.
# `search`: new examples each time and many more; HYPOTHESIS_PROFILE=search make test
settings.register_profile("house", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))
