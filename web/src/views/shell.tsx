// The page around the views: bar, rail, keys, theme, login.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import * as api from "../api/client";
import { ApiError } from "../api/client";
import type { Session } from "../api/types";
import { go, kHome, parse_route, show_route } from "../model/route";
import { AccessContext, useRoute } from "./hooks";
import { Dialog, Failure, Messages, say_error } from "./parts";
import { Rail, StudiesPage, study_link, useStudies } from "./studies";
import { StudyPage } from "./study";
import { next_theme, set_theme, theme, type Theme } from "./theme";

export function Shell(): JSX.Element {
  const [session, set_session] = useState<Session | undefined>(undefined);
  const [error, set_error] = useState<ApiError | undefined>(undefined);
  const ask = (): void => {
    api.session().then(
      (answer) => {
        set_session(answer);
        set_error(undefined);
      },
      (reason: unknown) => set_error(reason instanceof ApiError ? reason : new ApiError(0, "page", String(reason), "")),
    );
  };
  useEffect(ask, []);
  useEffect(() => {
    if (!error) return;
    const timer = window.setTimeout(ask, 3000);
    return () => window.clearTimeout(timer);
  }, [error]);
  if (!session) return <main>{error ? <Failure error={error} /> : <p class="empty" role="status">…</p>}</main>;
  if (session.role === "none") return <Login on_session={set_session} />;
  return (
    <AccessContext.Provider value={{ session, may_change: session.role === "admin" }}>
      <Page session={session} on_session={set_session} />
    </AccessContext.Provider>
  );
}

function Page({ session, on_session }: { session: Session; on_session: (session: Session) => void }): JSX.Element {
  const route = useRoute();
  const studies = useStudies();
  const [keys, show_keys] = useState(false);
  const [rail, show_rail] = useState(false);
  useEffect(() => {
    show_rail(false);
    if (route.study === undefined) document.title = "hone";
  }, [route.study]);
  useEffect(() => {
    const on_key = (event: KeyboardEvent): void => press(event, () => show_keys(true), studies.rows?.map((row) => row.id) ?? []);
    window.addEventListener("keydown", on_key);
    return () => window.removeEventListener("keydown", on_key);
  }, [studies.rows]);
  const leave = (): void => {
    api.logout().then(() => api.session().then(on_session), say_error);
  };
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById("main")?.focus())}>To the content</a>
      <header class="bar">
        <button class="quiet rail-button" aria-expanded={rail} aria-controls="rail" onClick={() => show_rail(!rail)}>☰ <span class="unseen">Studies</span></button>
        <a class="brand" href={show_route(kHome)}>hone</a>
        <span class="store" title="where the studies are">{session.server?.store ?? ""}</span>
        <ThemeButton />
        <button class="quiet" title="Keys (?)" aria-label="Keys" onClick={() => show_keys(true)}>?</button>
        {session.login && <button class="quiet" onClick={leave}>Log out</button>}
      </header>
      <div class={rail ? "page with-rail" : "page"}>
        <div id="rail" class="rail-box">
          <Rail studies={studies} open={route.study} />
        </div>
        <div class="content">
          {route.study === undefined ? <StudiesPage studies={studies} /> : <StudyPage key={route.study} id={route.study} route={route} />}
        </div>
      </div>
      <Messages />
      {keys && <Keys on_close={() => show_keys(false)} />}
    </>
  );
}

function ThemeButton(): JSX.Element {
  const [shown, set_shown] = useState<Theme>(theme());
  const words: Record<Theme, string> = { system: "as the system", light: "light", dark: "dark" };
  const turn = (): void => {
    const next = next_theme(shown);
    set_theme(next);
    set_shown(next);
  };
  return (
    <button class="quiet" title={`Colours: ${words[shown]}`} aria-label={`Colours: ${words[shown]}. Change`} onClick={turn}>
      {{ system: "◑", light: "☀", dark: "☾" }[shown]}
    </button>
  );
}

function Login({ on_session }: { on_session: (session: Session) => void }): JSX.Element {
  const [error, set_error] = useState<ApiError | undefined>(undefined);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get("token");
    try {
      on_session(await api.login(String(token).trim()));
    } catch (reason) {
      set_error(reason instanceof ApiError ? reason : new ApiError(0, "page", String(reason), ""));
    }
  };
  return (
    <main class="login">
      <h1>hone</h1>
      <form onSubmit={(event) => void submit(event)}>
        <label>
          Token
          <input name="token" type="password" required autocomplete="current-password" autofocus />
        </label>
        <button class="primary" type="submit">Log in</button>
        <p class="hint">`hone serve` prints where the token's file is when it starts.</p>
        {error && <Failure error={error} />}
      </form>
    </main>
  );
}

const kKeys: [string, string][] = [
  ["?", "these keys"],
  ["/", "to the filter"],
  ["g", "to the list of studies"],
  ["[  ]", "to the study before, to the next one"],
  ["t", "to the table of trials"],
  ["↑ ↓  j k", "in the table: to the trial above, below"],
  ["Enter", "in the table: open the trial beside"],
  ["x", "in the table: choose for comparison"],
  ["s", "in the table: star"],
  ["c", "close the trial, and show the comparison"],
  ["d", "light, dark, or as the system"],
  ["Esc", "close what is beside, or leave a field"],
];

function Keys({ on_close }: { on_close: () => void }): JSX.Element {
  return (
    <Dialog title="Keys" on_close={on_close}>
      <table class="plain">
        <tbody>
          {kKeys.map(([key, what]) => (
            <tr>
              <th scope="row">{key.split("  ").map((one) => <kbd>{one}</kbd>)}</th>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}

/** Keys that work everywhere but in fields and dialogs. */
function press(event: KeyboardEvent, on_keys: () => void, studies: number[]): void {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const target = event.target as HTMLElement;
  const field = target.closest("input:not([type=checkbox]), textarea, select") !== null;
  if (event.key === "Escape") {
    const menu = target.closest<HTMLDetailsElement>("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    } else if (field) target.blur();
    else {
      const route = parse_route(location.hash);
      if (route.trial !== undefined) go({ trial: undefined });
      else if (route.compare.length > 0) go({ compare: [] });
    }
    return;
  }
  if (field) return;
  const beside = (step: number): void => {
    const at = studies.indexOf(parse_route(location.hash).study ?? -1);
    const next = studies[at < 0 ? 0 : at + step];
    if (next !== undefined) location.hash = study_link(next);
  };
  const focus = (selector: string): void => {
    const element = document.querySelector<HTMLElement>(selector);
    (element?.closest("section") ?? element)?.scrollIntoView({ block: "start" });
    element?.focus({ preventScroll: true });
  };
  const acts: Record<string, () => void> = {
    "?": on_keys,
    "/": () => focus("#filter"),
    g: () => (location.hash = show_route(kHome)),
    t: () => focus(".rows"),
    c: () => go({ trial: undefined }),
    d: () => document.querySelector<HTMLElement>("[title^='Colours']")?.click(),
    "[": () => beside(-1),
    "]": () => beside(1),
  };
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}
