// One study as one scroll: headline, charts, findings, trials; a trial or a comparison beside it.
import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import { Contour } from "../charts/contour";
import { Parallel } from "../charts/parallel";
import { Progress } from "../charts/progress";
import { Slices } from "../charts/slices";
import { Timeline } from "../charts/timeline";
import type { Route } from "../model/route";
import { ComparePanel } from "./compare";
import { Findings } from "./findings";
import { Headline } from "./headline";
import { useLiveStudy, useStudyView } from "./hooks";
import { Lazily } from "./lazily";
import { Failure } from "./parts";
import { TrialPanel } from "./trial";
import { Trials } from "./trials";

export function StudyPage({ id, route }: { id: number; route: Route }): JSX.Element {
  const live = useLiveStudy(id);
  const view = useStudyView(live, route);
  const { study } = live;
  useEffect(() => {
    if (!study) return;
    const best = study.headline.best;
    document.title = `${study.title}${best ? ` · ${Number(best.value).toPrecision(5)}` : ""} · hone`;
  }, [study?.title, study?.headline.best?.value]);
  if (!study || !view || live.id !== id) {
    return <main id="main" tabIndex={-1}>{live.error ? <Failure error={live.error} /> : <p class="empty" role="status">Reading the study …</p>}</main>;
  }
  const beside = route.trial !== undefined ? "trial" : route.compare.length >= 2 ? "compare" : undefined;
  const any = live.table.rows > 0;
  return (
    <div class={beside ? "split" : ""}>
      <main id="main" tabIndex={-1}>
        <Headline live={live} study={study} />
        {live.error && live.connection === "waiting" && <Failure error={live.error} />}
        {any && view.objective && (
          <>
            <section aria-label="Progress">
              <Lazily view={view} height={300}>{(view) => <Progress view={view} route={route} />}</Lazily>
            </section>
            <section aria-label="Parameters">
              <Lazily view={view} height={370}>{(view) => <Parallel view={view} route={route} />}</Lazily>
            </section>
          </>
        )}
        <Findings study={study} />
        {any && <Trials live={live} view={view} route={route} />}
        {any && view.objective && (
          <>
            <section aria-labelledby="slices-title">
              <h2 id="slices-title">{view.objective.name} over each parameter</h2>
              <Lazily view={view} height={200}>{(view) => <Slices view={view} />}</Lazily>
            </section>
            <section aria-label="Pairs of parameters">
              <Lazily view={view} height={360}>{(view) => <Contour view={view} route={route} />}</Lazily>
            </section>
          </>
        )}
        {any && (
          <section aria-label="Timeline">
            <Lazily view={view} height={120}>{(view) => <Timeline view={view} />}</Lazily>
          </section>
        )}
      </main>
      {beside === "trial" && <TrialPanel live={live} study={study} route={route} />}
      {beside === "compare" && <ComparePanel live={live} study={study} route={route} />}
    </div>
  );
}
