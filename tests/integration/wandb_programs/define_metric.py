"""Names its own step metric and the summaries it wants."""
import wandb

run = wandb.init()
wandb.define_metric("epoch")
run.define_metric("val_*", step_metric="epoch", summary="min")
for epoch, loss in enumerate([0.5, 0.25, 0.375]):
    run.log({"epoch": epoch, "val_loss": loss})
print("config:", run.summary["val_loss"]["min"])
wandb.finish()
