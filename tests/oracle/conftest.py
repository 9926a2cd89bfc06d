"""Makes the translation to CLIPS, and the random knowledge bases, importable for these tests."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
for _folder in (HERE, HERE.parent / "soak", HERE.parent / "properties"):
    sys.path.insert(0, str(_folder))
