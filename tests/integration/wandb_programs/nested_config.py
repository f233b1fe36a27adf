"""Takes nested parameters, of which the program has defaults that the study does not set."""
import json

import wandb

wandb.init(config={"optim": {"name": "sgd", "momentum": 0.5, "nesterov": True}})
optim = wandb.config.optim
print("config:", json.dumps({"optim": dict(optim), "same": wandb.config["optim"]["momentum"]}))
wandb.log({"val_loss": optim["momentum"]})
wandb.finish()
