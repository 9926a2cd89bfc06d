"""The immutable model of knowledge, cases and assessments; standard library only."""
