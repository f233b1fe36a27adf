// All studies: the rail beside everything, and the list that the page begins with.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import * as api from "../api/client";
import { ApiError } from "../api/client";
import { num, type Study, type StudyReading, type StudyRow } from "../api/types";
import { TrialTable } from "../model/table";
import { read_palette } from "../charts/palette";
import { CanvasSurface } from "../charts/surface";
import { counted, show_ago, show_duration, show_number } from "../model/format";
import { show_route, kHome } from "../model/route";
import { central_range } from "../model/scale";
import { Failure, StateMark } from "./parts";

const kEvery_ms = 3000;
const kSparkTrials = 5000; // a longer study shows no small course: its table would be fetched for it

export interface Studies {
  rows: StudyRow[] | undefined;
  error: ApiError | undefined;
}

/** The list of studies, asked for again every few seconds while somebody looks. */
export function useStudies(): Studies {
  const [state, set_state] = useState<Studies>({ rows: undefined, error: undefined });
  useEffect(() => {
    let current = true;
    const load = (): void => {
      if (document.hidden) return;
      api.studies().then(
        (rows) => {
          if (!current) return;
          set_state((old) => (JSON.stringify(old.rows) === JSON.stringify(rows) && !old.error ? old : { rows, error: undefined }));
        },
        (error: unknown) => current && error instanceof ApiError && set_state((old) => ({ ...old, error })),
      );
    };
    load();
    const timer = window.setInterval(load, kEvery_ms);
    document.addEventListener("visibilitychange", load);
    return () => {
      current = false;
      window.clearInterval(timer);
      document.removeEventListener("visibilitychange", load);
    };
  }, []);
  return state;
}

export const study_link = (id: number): string => show_route({ ...kHome, study: id });

export function Rail({ studies, open }: { studies: Studies; open: number | undefined }): JSX.Element {
  const [search, set_search] = useState("");
  const rows = (studies.rows ?? []).filter((row) => row.title.toLowerCase().includes(search.toLowerCase()));
  const projects = [...new Set(rows.map((row) => row.project))];
  return (
    <nav class="rail" aria-label="Studies">
      {(studies.rows?.length ?? 0) > 8 && (
        <input type="search" aria-label="Find a study" placeholder="Find a study" value={search} onInput={(event) => set_search(event.currentTarget.value)} />
      )}
      {projects.map((project) => (
        <div class="project" key={project}>
          {project && <h2>{project}</h2>}
          <ul>
            {rows.filter((row) => row.project === project).map((row) => (
              <li key={row.id}>
                <a href={study_link(row.id)} aria-current={row.id === open ? "page" : undefined}>
                  <StateMark state={row.state} short />
                  <span class="name">{row.name}</span>
                  <span class="count">{show_number(row.trials)}</span>
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

export function StudiesPage({ studies }: { studies: Studies }): JSX.Element {
  return (
    <main id="main" tabIndex={-1}>
      <h1>Studies</h1>
      {studies.error && <Failure error={studies.error} />}
      {studies.rows?.length === 0 && (
        <div class="empty first">
          <p>No study in this store yet. In a terminal, beside your training program:</p>
          <pre tabIndex={0}>{"hone init -- python train.py      # writes study.yaml\nhone run study.yaml               # runs it; it appears here by itself"}</pre>
        </div>
      )}
      {studies.rows && studies.rows.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="List of studies">
          <table class="plain studies">
            <thead>
              <tr>
                <th scope="col">study</th>
                <th scope="col">state</th>
                <th scope="col">best</th>
                <th scope="col" class="wide">course</th>
                <th scope="col">trials</th>
                <th scope="col" class="wide">left</th>
                <th scope="col" class="wide">begun</th>
              </tr>
            </thead>
            <tbody>{studies.rows.map((row) => <StudyLine key={row.id} row={row} />)}</tbody>
          </table>
        </div>
      )}
    </main>
  );
}

function StudyLine({ row }: { row: StudyRow }): JSX.Element {
  const [known, set_known] = useState<Study | StudyReading | undefined>(undefined);
  const line = useRef<HTMLTableRowElement>(null);
  const [seen, set_seen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry!.isIntersecting && set_seen(true));
    observer.observe(line.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!seen) return;
    let current = true;
    api.study_or_reading(row.id).then((answer) => current && set_known(answer), () => undefined);
    return () => {
      current = false;
    };
  }, [seen, row.version]);
  const objective = row.objectives[0];
  const study = known && !("reading" in known) ? (known as Study) : undefined;
  const best = row.best ?? study?.headline.best ?? (known && "reading" in known ? known.best : undefined);
  const budget = study?.budget.find((one) => one.key === "trials") ?? study?.budget[0];
  return (
    <tr ref={line}>
      <th scope="row">
        <a href={study_link(row.id)}>{row.title}</a>
      </th>
      <td>
        <StateMark state={row.state} />
        {row.error && <span class="hint"> cannot be read: {row.error}</span>}
        {row.state === "open" && !row.led && !row.error && <span class="hint"> nobody works on it</span>}
      </td>
      <td class="number">
        {best ? show_number(num(best.value), 5) : "–"} <span class="hint">{objective?.name}</span>
      </td>
      <td class="wide">{seen && row.trials > 0 && row.trials <= kSparkTrials && objective && <Spark row={row} goal={objective.goal} metric={objective.name} />}</td>
      <td>
        {counted(row.trials, "trial")}
        {budget && <progress value={Math.min(budget.used, budget.limit)} max={budget.limit || 1} aria-label={`Budget: ${budget.text}`} title={budget.text} />}
      </td>
      <td class="wide">{row.state === "finished" ? "done" : study?.headline.left_s !== undefined ? `≈ ${show_duration(study.headline.left_s)}` : "–"}</td>
      <td class="wide">{study ? show_ago(Math.max(0, study.now_s - row.created_s)) : ""}</td>
    </tr>
  );
}

const kSpark = { width: 120, height: 24 };

/** The course of the best over trials, small. */
function Spark({ row, goal, metric }: { row: StudyRow; goal: "minimize" | "maximize"; metric: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [table] = useState(() => new TrialTable());
  const [revision, set_revision] = useState(0);
  useEffect(() => {
    let current = true;
    api.columns(row.id, table.version).then(
      (columns) => {
        if (!current) return;
        table.merge(columns);
        set_revision(table.revision);
      },
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [row.version]);
  const course = useMemo(() => best_course(table.numbers(`metric ${metric}`) ?? new Float64Array(), goal), [revision]);
  useEffect(() => {
    const paint = (): void => {
      const element = canvas.current!;
      const scale = window.devicePixelRatio || 1;
      element.width = kSpark.width * scale;
      element.height = kSpark.height * scale;
      const context = element.getContext("2d")!;
      context.scale(scale, scale);
      const range = central_range(course, goal);
      if (!range) return;
      const points: number[] = [];
      course.forEach((value, i) => {
        const x = 1 + (i / Math.max(1, course.length - 1)) * (kSpark.width - 2);
        const share = (value - range[0]) / (range[1] - range[0] || 1);
        points.push(x, Number.isNaN(value) ? NaN : kSpark.height - 3 - Math.min(1, share) * (kSpark.height - 6));
      });
      new CanvasSurface(context).line(points, { colour: read_palette().accent, width: 1.5 });
    };
    paint();
    window.addEventListener("hone-theme", paint);
    return () => window.removeEventListener("hone-theme", paint);
  }, [course]);
  const ends = Array.from(course).filter(Number.isFinite);
  const label = ends.length > 0 ? `The best went from ${show_number(ends[0], 4)} to ${show_number(ends.at(-1), 4)}` : "No value yet";
  return <canvas ref={canvas} class="spark" role="img" aria-label={label} />;
}

/** The best value up to each trial; NaN before the first. */
export function best_course(values: Float64Array, goal: "minimize" | "maximize"): Float64Array {
  let best = NaN;
  return values.map((value) => {
    if (Number.isFinite(value) && (Number.isNaN(best) || (goal === "minimize" ? value < best : value > best))) best = value;
    return best;
  });
}
