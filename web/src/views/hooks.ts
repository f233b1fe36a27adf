// What views watch: the address, a live study, a request that is repeated when its key changes, who uses the page.
import { createContext } from "preact";
import { useContext, useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import type { Analysed } from "../api/analysis";
import { ApiError } from "../api/client";
import { LiveStudy } from "../api/live";
import type { Session } from "../api/types";
import { parse_route, type Route } from "../model/route";
import { study_view, type StudyView } from "../model/study_view";

export function useRoute(): Route {
  const [hash, set_hash] = useState(location.hash);
  useEffect(() => {
    const on_change = (): void => set_hash(location.hash);
    window.addEventListener("hashchange", on_change);
    return () => window.removeEventListener("hashchange", on_change);
  }, []);
  return useMemo(() => parse_route(hash), [hash]);
}

/** The study with this id, kept current while the view is there. */
export function useLiveStudy(id: number): LiveStudy {
  const [, update] = useReducer((count: number) => count + 1, 0);
  const [live, set_live] = useState(() => new LiveStudy(id));
  const current = live.id === id ? live : undefined;
  useEffect(() => {
    if (!current) set_live(new LiveStudy(id));
  }, [id]);
  useEffect(() => {
    const unsubscribe = live.subscribe(() => update(0));
    return () => {
      unsubscribe();
      live.close();
    };
  }, [live]);
  return live;
}

export function useStudyView(live: LiveStudy, route: Route): StudyView | undefined {
  const { study, table } = live;
  return useMemo(
    () => (study ? study_view(study, table, route) : undefined),
    [study, table.revision, route.filter, JSON.stringify(route.brushes)],
  );
}

export interface Loaded<T> {
  value: T | undefined;
  error: ApiError | undefined;
}

const kAgain_ms = 1000;

/** The answer of `load`, asked again whenever `key` changes (at most once a second); the old answer stays meanwhile. */
export function useLoaded<T>(load: () => Promise<T>, identity: string, key: number | string): Loaded<T> {
  const [state, set_state] = useState<Loaded<T> & { identity: string; at: number }>({ value: undefined, error: undefined, identity, at: -Infinity });
  useEffect(() => {
    let current = true;
    const fresh = state.identity !== identity;
    const wait = fresh ? 0 : Math.max(0, state.at + kAgain_ms - performance.now());
    const timer = window.setTimeout(() => {
      load().then(
        (value) => current && set_state({ value, error: undefined, identity, at: performance.now() }),
        (error: unknown) => {
          const shown = error instanceof ApiError ? error : new ApiError(0, "page", String(error), "");
          if (current) set_state((old) => ({ value: old.identity === identity ? old.value : undefined, error: shown, identity, at: performance.now() }));
        },
      );
    }, wait);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [identity, key]);
  return state.identity === identity ? state : { value: undefined, error: undefined };
}

const kComing_ms = 1000; // between two looks for what is being made
const kOlder_ms = 5000; // … for what may be made anew later

/** What was found of a study, asked for again while it is older than `version`; the old answer stays meanwhile. */
export function useAnalysis<T extends Analysed>(load: () => Promise<T | undefined>, identity: string, version: number): Loaded<T> {
  const [state, set_state] = useState<Loaded<T> & { identity: string }>({ value: undefined, error: undefined, identity });
  const newest = useRef(version);
  const wake = useRef<() => void>(() => undefined);
  newest.current = version;
  useEffect(() => {
    let current = true;
    let timer: number | undefined;
    const later = (delay_ms: number): void => {
      if (current && timer === undefined) timer = window.setTimeout(() => void ask(), delay_ms);
    };
    const ask = async (): Promise<void> => {
      timer = undefined;
      try {
        const value = await load();
        if (!current) return;
        if (value) set_state({ value, error: undefined, identity });
        if (!value || value.computing) later(kComing_ms);
        else if (value.version < newest.current) later(kOlder_ms);
      } catch (error) {
        if (!current) return;
        const shown = error instanceof ApiError ? error : new ApiError(0, "page", String(error), "");
        set_state((old) => ({ value: old.identity === identity ? old.value : undefined, error: shown, identity }));
        if (shown.status !== 404) later(kOlder_ms);
      }
    };
    wake.current = () => later(kComing_ms);
    void ask();
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [identity]);
  const known = state.identity === identity ? state.value : undefined;
  useEffect(() => {
    if (known && known.version < version) wake.current();
  }, [version]);
  return state.identity === identity ? state : { value: undefined, error: undefined };
}

export interface Access {
  session: Session;
  /** The page may change something. */
  may_change: boolean;
}

export const AccessContext = createContext<Access>({ session: { role: "none", login: false }, may_change: false });
export const useAccess = (): Access => useContext(AccessContext);
