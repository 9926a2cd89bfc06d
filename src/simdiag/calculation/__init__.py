"""What functions and arithmetic of the knowledge language compute, and the Belgian calendar."""
