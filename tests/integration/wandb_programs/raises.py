"""Logs, then fails."""
import wandb

with wandb.init() as run:
    run.log({"loss": 0.5})
    raise ValueError("the training failed")
