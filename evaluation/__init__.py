"""The judge of every change of the model: metrics and reports."""
