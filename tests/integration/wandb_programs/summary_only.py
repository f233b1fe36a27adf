"""Sets the summary and logs nothing."""
import wandb

run = wandb.init()
wandb.summary["val_loss"] = 0.25
wandb.run.summary["best"] = {"epoch": 3, "val_loss": 0.125}
run.summary.update({"accuracy": 0.75, "note": "fine"})
run.summary.size = 12
print("config:", run.summary["accuracy"])
