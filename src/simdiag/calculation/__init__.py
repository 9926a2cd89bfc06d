"""What the functions and the arithmetic of the knowledge language compute, and the Belgian calendar."""
