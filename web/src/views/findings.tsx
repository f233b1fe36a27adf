// What the record says in words: failures, warnings, and a best value at the end of its range.
import type { JSX } from "preact";
import { num, type Study, type Value } from "../api/types";
import { counted, show_number, show_value } from "../model/format";
import { go, link } from "../model/route";
import { parameter_scale } from "../model/scale";

const kAtBound = 0.02; // of the range, on its own scale

export function Findings({ study }: { study: Study }): JSX.Element | null {
  const bounds = at_bounds(study);
  const warnings = Object.entries(study.warnings).filter(([, trials]) => trials.length > 0);
  if (bounds.length === 0 && warnings.length === 0 && study.failures.length === 0) return null;
  return (
    <section aria-labelledby="findings-title">
      <h2 id="findings-title">Worth knowing</h2>
      <ul class="findings">
        {bounds.map((text) => <li key={text}>{text}</li>)}
        {study.failures.map((failure) => (
          <li key={failure.kind}>
            {counted(failure.count, "trial")} {failure.text || `failed: ${failure.kind.replaceAll("_", " ")}`}{" "}
            <button class="quiet" onClick={() => go({ filter: `failure = ${failure.kind}` })}>show</button>
          </li>
        ))}
        {warnings.map(([detector, trials]) => (
          <li key={detector}>
            {detector}: {counted(trials.length, "trial")}, e.g.{" "}
            {trials.slice(0, 3).map((trial) => <a class="spaced" href={link({ trial })}>trial {trial}</a>)}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Parameters whose best value lies at an end of the range that was searched: the range may be too narrow. */
export function at_bounds(study: Study): string[] {
  const best = study.headline.best;
  if (!best?.complete) return [];
  return study.parameters.flatMap((parameter) => {
    const value: Value | undefined = best.config[parameter.name];
    if ((parameter.kind !== "real" && parameter.kind !== "integer") || typeof value !== "number") return [];
    if (parameter.low === undefined || parameter.high === undefined) return [];
    const place = parameter_scale(parameter, undefined).place(value);
    const end = place < kAtBound ? "low" : place > 1 - kAtBound ? "high" : undefined;
    if (!end) return [];
    return [`The best ${parameter.name} (${show_value(value, 3)}) lies at the ${end === "low" ? "lower" : "upper"} end of its range (${show_number(num(parameter[end]), 3)}); a wider range may hold better ones.`];
  });
}

