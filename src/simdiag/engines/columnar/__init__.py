"""The columnar engine: many cases at once, every rule a few operations over columns."""
