"""What can be known of a knowledge base without facts: names, types, strata, dependencies."""
