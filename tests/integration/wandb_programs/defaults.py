"""Gives defaults to init, and updates the config from the command line's namespace."""
import argparse
import json

import wandb

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.5)
parser.add_argument("--batch", type=int, default=32)
args = parser.parse_args([])

wandb.init(config={"lr": 0.7, "momentum": 0.9, "layers": 99})
wandb.config.update(args, allow_val_change=True)
wandb.config.setdefaults({"momentum": 0.1, "dropout": 0.25})
wandb.config.seed = 3
try:
    wandb.config.update({"momentum": 0.2})
    changed = "no error"
except Exception as error:
    changed = type(error).__name__
c = wandb.config
print("config:", json.dumps({"lr": c.lr, "layers": c.layers, "batch": c.batch, "seed": c.seed,
                             "momentum": c.momentum, "dropout": c.dropout, "changed": changed}))
wandb.log({"val_loss": c.lr})
wandb.finish()
