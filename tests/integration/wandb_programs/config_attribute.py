"""Takes its parameters as attributes of wandb.config."""
import json

import wandb

wandb.init(project="digits")
config = wandb.config
print("config:", json.dumps({"lr": config.lr, "layers": config.layers, "act": config.act}))
for epoch in range(3):
    wandb.log({"val_loss": config.lr * (epoch + 1), "epoch": epoch})
wandb.finish()
