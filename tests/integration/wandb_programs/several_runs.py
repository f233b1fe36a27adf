"""Logs in, asks for the online mode, begins runs one after the other, and one twice."""
import wandb

wandb.login()
first = wandb.init(mode="online", project="p")
again = wandb.init()
first.log({"loss": 1.0})
again.log({"loss": 0.5})
second = wandb.init(reinit=True)
second.log({"loss": 0.25})
wandb.finish()
wandb.finish()
off = wandb.init(mode="disabled")
off.log({"loss": 0.125})
wandb.log({"loss": 0.0625})
print("config:", again is first, second is first, off.config["lr"])
off.finish()
