"""Uses wandb's steps in all their ways."""
import wandb

run = wandb.init()
wandb.log({"loss": 1.0})
wandb.log({"loss": 0.9}, commit=False)
wandb.log({"val_loss": 0.8})
wandb.log({"loss": 0.7}, step=10)
wandb.log({"val_loss": 0.6}, step=10)
wandb.log({"loss": 100.0}, step=4)
wandb.log({"loss": 0.5}, step=11, commit=True)
wandb.log({"loss": 0.4})
wandb.log({"step": 400, "loss": 0.3})
print("config:", run.step)
run.finish(exit_code=0)
