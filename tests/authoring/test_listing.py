"""Lists of what a knowledge base holds."""

from __future__ import annotations

from simdiag.api import load_knowledge
from simdiag.authoring.listing import facts_guide


def test_facts_guide_names_every_slot_and_choice() -> None:
    """What a facts file may hold is listed completely, with the form of each template."""
    base = load_knowledge(languages=["en"])
    text = "\n".join(facts_guide(base, "en"))
    assert "problem: a mapping" in text
    assert "attempt: a list of mappings" in text
    for template in base.fact_templates():
        for slot in template.slots.values():
            assert f"  {slot.name}: " in text
            assert all(choice.id in text for choice in slot.choices)
