// What the record says in words: what the study taught, failures and warnings.
import type { JSX } from "preact";
import * as analysis from "../api/analysis";
import type { Statement } from "../api/analysis";
import type { Study } from "../api/types";
import { counted, show_share } from "../model/format";
import { go, link } from "../model/route";
import { useAnalysis } from "./hooks";
import { Failure } from "./parts";

export function Findings({ study }: { study: Study }): JSX.Element | null {
  const { value: found, error } = useAnalysis(() => analysis.findings(study.id), String(study.id), study.version);
  const warnings = Object.entries(study.warnings).filter(([, trials]) => trials.length > 0);
  if (study.counts.total === 0) return null;
  return (
    <section aria-labelledby="findings-title">
      <h2 id="findings-title">Worth knowing</h2>
      {error && error.status !== 404 && <Failure error={error} />}
      <ul class="findings">
        {found?.statements.map((one) => <li key={one.text}>{one.text}. <Look statement={one} /></li>)}
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
      <p class="hint">{ground_of(found)}</p>
    </section>
  );
}

/** What the statements rest on. */
export function ground_of(found: analysis.Findings | undefined): string {
  if (!found) return "What the trials teach is being worked out …";
  if (found.needed === 0) return "With several objectives, only failures are told.";
  if (!found.enough) return `What mattered is told from ${found.needed} trials on; ${found.trials} say something so far.`;
  const by = `By ${counted(found.trials, "trial")}; the parameters predict ${show_share(found.explained)} of the order of trials left out.`;
  return found.statements.length === 0 ? `Nothing that these trials tell apart from chance. ${by}` : by;
}

function Look({ statement }: { statement: Statement }): JSX.Element | null {
  const { parameter, second } = statement;
  if (statement.kind !== "interaction" || second === undefined) return null;
  return <button class="quiet" onClick={() => go({ pair: [parameter, second] })}>show the pair</button>;
}
