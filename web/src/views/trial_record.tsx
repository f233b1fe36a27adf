// What a trial depended on besides its configuration, and the pictures that it has left.
import type { JSX } from "preact";
import * as api from "../api/client";
import type { Artifact, Study, Trial, Value } from "../api/types";
import { show_bytes, show_value } from "../model/format";

type Fields = Record<string, Value>;

const kPicture = /\.(png|jpe?g|gif|webp|svg)$/i;
const kPictures = 24;
const kPictureBytes = 8 * 1024 * 1024;

/** Below the files: those that a browser can draw. Drawn by <img>, where nothing of a file is run. */
export function Pictures({ study, trial, files }: { study: Study; trial: Trial; files: Artifact[] }): JSX.Element | null {
  const pictures = files.filter((file) => kPicture.test(file.path) && file.bytes > 0 && file.bytes <= kPictureBytes);
  if (pictures.length === 0) return null;
  return (
    <div class="pictures">
      {pictures.slice(0, kPictures).map((file) => (
        <figure key={file.path}>
          <img loading="lazy" src={`${api.picture_address(study.id, trial.number, file)}&at=${file.modified_s}`} alt={file.path} />
          <figcaption>{file.path}</figcaption>
        </figure>
      ))}
      {pictures.length > kPictures && <p class="hint">{pictures.length - kPictures} more pictures are in the list.</p>}
    </div>
  );
}

function map_of(value: Value | undefined): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function text_of(value: Value | undefined): string {
  return value === undefined || value === null ? "" : show_value(value);
}

/** Once for each environment that runs of the trial had. */
export function WhereItRan({ trial }: { trial: Trial }): JSX.Element | null {
  const environments = new Map<string, { environment: Fields; runs: number[] }>();
  for (const run of trial.runs) {
    const environment = map_of(run.environment);
    if (Object.keys(environment).length === 0) continue;
    const key = JSON.stringify(environment);
    const known = environments.get(key);
    if (known) known.runs.push(run.run);
    else environments.set(key, { environment, runs: [run.run] });
  }
  if (environments.size === 0) return null;
  const several = environments.size > 1;
  return (
    <section>
      <h3>Where it ran</h3>
      {[...environments.values()].map(({ environment, runs }) => (
        <details class="run" key={runs[0]}>
          <summary>
            {place_text(environment)}
            {several ? <span class="hint"> {runs.length === 1 ? `run ${runs[0]}` : `runs ${runs.join(", ")}`}</span> : null}
          </summary>
          <Environment environment={environment} />
        </details>
      ))}
    </section>
  );
}

/** "node3, Python 3.11.2, commit 1f3a9c0 with changes". */
export function place_text(environment: Fields): string {
  const machine = map_of(environment["machine"]);
  const python = map_of(environment["python"]);
  const git = map_of(environment["git"]);
  const parts = [text_of(machine["host"]) || "this machine"];
  if (python["version"]) parts.push(`Python ${text_of(python["version"]).replace(/^Python /, "")}`);
  if (git["commit"]) parts.push(`commit ${text_of(git["commit"]).slice(0, 10)}${git["dirty"] ? " with changes" : ""}`);
  return parts.join(", ");
}

function Environment({ environment }: { environment: Fields }): JSX.Element {
  const machine = map_of(environment["machine"]);
  const python = map_of(environment["python"]);
  const git = map_of(environment["git"]);
  const packages = Object.entries(map_of(python["packages"]));
  const variables = Object.entries(map_of(environment["variables"]));
  const gpus = Array.isArray(machine["gpus"]) ? machine["gpus"].map(text_of).join(", ") : "";
  const driver = machine["gpu_driver"] ? ` (driver ${text_of(machine["gpu_driver"])})` : "";
  const memory = machine["memory_bytes"];
  const command = environment["command"];
  const rows: [string, string][] = [
    ["machine", text_of(machine["host"])],
    ["system", text_of(machine["system"])],
    ["processors", [text_of(machine["cpus"]), text_of(machine["cpu"])].filter(Boolean).join(" × ")],
    ["memory", typeof memory === "number" ? show_bytes(memory) : ""],
    ["GPUs", gpus && `${gpus}${driver}`],
    ["commit", text_of(git["commit"])],
    ["branch", text_of(git["branch"])],
    ["remote", text_of(git["remote"])],
    ["Python", [text_of(python["version"]), text_of(python["program"])].filter(Boolean).join(", ")],
    ["folder", text_of(environment["folder"])],
    ["command", Array.isArray(command) ? command.map(text_of).join(" ") : ""],
    ["hone", text_of(environment["hone"])],
  ];
  const diff = text_of(git["diff"]);
  return (
    <>
      <dl class="pairs">
        {rows.filter(([, text]) => text !== "").map(([name, text]) => <><dt>{name}</dt><dd>{text}</dd></>)}
        {variables.map(([name, value]) => <><dt>{name}</dt><dd>{text_of(value)}</dd></>)}
      </dl>
      {packages.length > 0 && (
        <details class="run">
          <summary>{packages.length} Python packages</summary>
          <dl class="pairs">{packages.map(([name, version]) => <><dt>{name}</dt><dd>{text_of(version)}</dd></>)}</dl>
        </details>
      )}
      {diff !== "" && (
        <details class="run">
          <summary>changes that were not committed{git["diff_cut"] ? " (cut)" : ""}{git["diff_masked"] ? " (secrets masked)" : ""}</summary>
          <pre class="detail" tabIndex={0}>{diff}</pre>
        </details>
      )}
    </>
  );
}
