"""Uses the run as a context, twice, and logs nested maps."""
import wandb

seen = []
for fold in range(2):
    with wandb.init(group="folds", name="fold-%d" % fold) as run:
        seen.append(run.config.lr)
        run.log({"fold": fold, "val": {"loss": 0.5 - fold / 4, "top": {"1": 0.5}}})
print("config:", seen, wandb.run)
