"""Logs what is no number: a table, HTML, a chart, an artifact, and calls what has no effect."""
import os
import tempfile

import wandb

run = wandb.init(settings=wandb.Settings(quiet=True), tags=["a"], notes="n")
table = wandb.Table(columns=["x", "y"])
table.add_data(1, 2)
table.add_data(2, 4)
run.log({"table": table, "page": wandb.Html("<p>hello</p>", inject=False), "loss": 0.5})
run.log({"chart": wandb.plot.line(table, "x", "y", title="t")})
artifact = wandb.Artifact("model", type="model", metadata={"loss": 0.5})
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.txt")
    with open(path, "w") as file:
        file.write("weights")
    artifact.add_file(path)
    run.log_artifact(artifact)
with open(os.path.join(run.dir, "notes.txt"), "w") as file:
    file.write("kept beside the run")
wandb.save(os.path.join(run.dir, "notes.txt"), base_path=run.dir)
run.alert(title="low", text="loss is low", level=wandb.AlertLevel.INFO)
run.name = "renamed"
print("config:", table.get_column("y"), run.name)
wandb.finish()
