"""Makes the mistakes that wandb refuses, and goes on."""
import wandb

refused = []
for wrong in (lambda: wandb.log({"loss": 1}), lambda: wandb.config.lr,
              lambda: wandb.init().log([1, 2]), lambda: wandb.log({3: 4}),
              lambda: wandb.define_metric("")):
    try:
        wrong()
    except (TypeError, ValueError):
        refused.append("type")  # which of the two depends on wandb's version
    except wandb.Error as error:
        refused.append(type(error).__name__)
run = wandb.run
wandb.finish()
try:
    run.log({"loss": 1})
except wandb.Error as error:
    refused.append(type(error).__name__)
print("config:", refused)
