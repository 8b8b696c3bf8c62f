"""The judge of every change of the model: metrics and reports. `evaluate` is the way in."""

from evaluation.judge import evaluate, evaluate_home
from evaluation.report import Figure, Report

__all__ = ["Figure", "Report", "evaluate", "evaluate_home"]
