"""Text turned into the model, each value with its position; the only home of yaml."""
