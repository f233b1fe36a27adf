"""hone from Python: what a training program says to hone (hone/report.py)."""
from .report import (
    checkpoint_dir, params, report, resume_from, seed, should_stop, trial_number)

__all__ = ["checkpoint_dir", "params", "report", "resume_from", "seed", "should_stop",
           "trial_number"]
