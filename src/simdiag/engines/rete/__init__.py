"""The experta engine: the model compiled to productions; the only home of experta."""
