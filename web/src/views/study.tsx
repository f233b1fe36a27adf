// One study as one scroll: headline, charts, findings, trials; a trial or a comparison beside it.
import { useEffect } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import * as analysis from "../api/analysis";
import { Contour } from "../charts/contour";
import { Front, Hypervolume, objectives_of } from "../charts/front";
import { Importance } from "../charts/importance";
import { Pairs } from "../charts/pairs";
import { Parallel } from "../charts/parallel";
import { Progress } from "../charts/progress";
import { Seeds } from "../charts/seeds";
import { Slices } from "../charts/slices";
import { Timeline } from "../charts/timeline";
import type { Route } from "../model/route";
import type { StudyView } from "../model/study_view";
import { ComparePanel } from "./compare";
import { Findings } from "./findings";
import { Headline, ShortHeadline } from "./headline";
import { useAnalysis, useLiveStudy, useStudyView } from "./hooks";
import { Lazily } from "./lazily";
import { Failure } from "./parts";
import { TrialPanel } from "./trial";
import { Trials } from "./trials";

/** What parameters do to the objective: the front, importance and pairs before the trials; each parameter, maps and seeds behind. */
function Taught({ view, route, children }: { view: StudyView; route: Route; children: ComponentChildren }): JSX.Element {
  const { study } = view;
  const metric = view.objective!.name;
  const { value: found } = useAnalysis(() => analysis.interactions(study.id, metric), `${study.id} ${metric}`, study.version);
  const several = objectives_of(view).length > 1;
  return (
    <>
      {several && (
        <section aria-label="The front" class="beside-each-other">
          <Lazily view={view} height={360}>{(view) => <Front view={view} />}</Lazily>
          <Lazily view={view} height={360}>{(view) => <Hypervolume view={view} />}</Lazily>
        </section>
      )}
      <section aria-label="What matters" class="beside-each-other">
        <Lazily view={view} height={60}>{(view) => <Importance view={view} />}</Lazily>
        {found && found.pairs.length > 0 && <Lazily view={view} height={60}>{() => <Pairs found={found} />}</Lazily>}
      </section>
      {children}
      <section aria-labelledby="slices-title">
        <h2 id="slices-title">{metric} over each parameter</h2>
        <Lazily view={view} height={200}>{(view) => <Slices view={view} found={found} />}</Lazily>
      </section>
      <section aria-label="Pairs of parameters">
        <Lazily view={view} height={360}>{(view) => <Contour view={view} route={route} found={found} />}</Lazily>
      </section>
      <section aria-label="Seeds">
        <Lazily view={view} height={1}>{(view) => <Seeds view={view} />}</Lazily>
      </section>
    </>
  );
}

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
    return <main id="main" tabIndex={-1}>{live.error ? <Failure error={live.error} /> : live.reading ? <ShortHeadline study={live.reading} /> : <p class="empty" role="status">Reading the study …</p>}</main>;
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
        {any && view.objective ? (
          <Taught view={view} route={route}>
            <Trials live={live} view={view} route={route} />
          </Taught>
        ) : (
          any && <Trials live={live} view={view} route={route} />
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
