// A store in a scratch folder with two real studies, and `hone serve` before it.
//
// "quick" has programs that end at once; "waiting" has programs that wait for the file `go`, or until they are ended. Names, values
// and outputs hold markup that would hurt if a page took them for more than text.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const kMarkup = "<img src=x onerror='window.hurt=1'>";

const kTrain = `
import argparse, os, time
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
p.add_argument("--layers", type=int, default=2)
p.add_argument("--opt", default="adam")
p.add_argument("--wait", type=int, default=0)
a, _ = p.parse_known_args()
print("<script>window.hurt = 1</script> begins", flush=True)
for epoch in range(1, 4):
    print({"epoch": epoch, "val_loss": (a.lr - 0.3) ** 2 + 0.01 * a.layers + 1.0 / epoch, "<b>extra</b>": epoch}, flush=True)
    while epoch == 1 and a.wait and not os.path.exists("${"go"}"):
        time.sleep(0.05)
with open(os.path.join(os.environ["HONE_ARTIFACTS"], "picture.svg"), "w") as file:
    file.write("<svg xmlns='http://www.w3.org/2000/svg' width='40' height='30'><script>parent.hurt = window.hurt = 1</script>"
               "<style>rect { fill: green }</style><rect width='40' height='30'/></svg>")
print("the end", flush=True)
`;

// Two objectives that want opposite things, in one process for all trials' sake: no epochs, nothing to wait for.
const kTwo = `
name: two
command: [/bin/sh, -c, 'echo "loss=$0 size=$1"', "\${lr}", "\${bulk}"]
method: random
metrics: [{name: loss, goal: minimize}, {name: size, goal: minimize}]
parameters:
  lr: {min: 0.1, max: 1.0}
  bulk: {expression: "1 / lr + layers"}
  layers: {min: 1, max: 4}
budget: {trials: 24}
replicates: 2
parallel: 2
seed: 1
`;

const study = (name, trials, wait) => `
name: ${name}
program: train.py
method: random
metric: {name: val_loss, goal: minimize}
parameters:
  lr: {min: 0.001, max: 1.0, distribution: log_uniform_values, default: 0.01}
  layers: {min: 1, max: 6, default: 2}
  opt: {values: [adam, sgd, "${kMarkup}"], default: adam}
  wait: {value: ${wait}}
fidelity: {name: epoch, min: 1, max: 3}
run_default_first: true
budget: {trials: ${trials}}
parallel: 2
seed: 1
`;

export class Workshop {
  constructor() {
    this.hone = process.env.HONE;
    this.folder = mkdtempSync(join(tmpdir(), "hone-web-"));
    this.store = join(this.folder, "store.db");
    this.children = [];
    writeFileSync(join(this.folder, "train.py"), kTrain.replace('"go"', JSON.stringify(join(this.folder, "go"))));
    writeFileSync(join(this.folder, "quick.yaml"), study("quick", 40, 0));
    writeFileSync(join(this.folder, "waiting.yaml"), study("waiting", 6, 1));
    writeFileSync(join(this.folder, "two.yaml"), kTwo);
  }

  /** Starts hone with these arguments; the process. */
  start(...argv) {
    const child = spawn(this.hone, [...argv, "--store", this.store], { cwd: this.folder, stdio: ["ignore", "pipe", "pipe"] });
    child.text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (child.text += data));
    child.ended = new Promise((resolve) => child.on("exit", resolve));
    this.children.push(child);
    return child;
  }

  /** Runs hone to its end; throws where it fails. */
  async run(...argv) {
    const child = this.start(...argv);
    const code = await child.ended;
    if (code !== 0) throw new Error(`hone ${argv.join(" ")}: status ${code}\n${child.text}`);
    return child.text;
  }

  /** `hone serve`; resolves to its address, with a slash at the end, and the tokens. */
  async serve(...options) {
    const child = this.start("serve", "--port", "0", "--json", ...options);
    for await (const line of createInterface({ input: child.stdout })) {
      const { url, token_file } = JSON.parse(line);
      return { url: url.replace(/\/?$/, "/"), tokens: JSON.parse(readFileSync(token_file, "utf8")) };
    }
    throw new Error(`hone serve said no address:\n${child.text}`);
  }

  /** Programs that wait go on. */
  go() {
    writeFileSync(join(this.folder, "go"), "");
  }

  async close() {
    this.go();
    for (const child of [...this.children].reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await child.ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
