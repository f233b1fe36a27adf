"""Takes its parameters from wandb.config as from a dict, and never calls finish."""
import json

import wandb


def train(lr, layers, **rest):
    run.log({"val_loss": lr * layers})
    return sorted(rest)


run = wandb.init()
config = dict(run.config)
print("config:", json.dumps({"lr": run.config["lr"], "layers": run.config.get("layers"),
                             "missing": run.config.get("missing", 7), "has": "lr" in run.config,
                             "rest": train(**config)}))
