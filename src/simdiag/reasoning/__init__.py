"""What follows from an assessment: ranges, advice plan, explanation, questions, consultation."""
