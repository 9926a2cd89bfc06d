"""The engines that derive an assessment from facts, and the contract they share."""
