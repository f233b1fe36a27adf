// Pairs of parameters that explain more together than each alone, by regression forests: the strongest first. A click shows the pair.
import { useCallback } from "preact/hooks";
import type { JSX } from "preact";
import type { Interactions } from "../api/analysis";
import { go } from "../model/route";
import { bars_height, draw_bars, share_text } from "./bars";
import { Chart, type Hits, type Size } from "./chart";
import type { Palette } from "./palette";
import type { Surface } from "./surface";

const kPairs = 8;
const kAlways = 3;
const kNothing = 0.01; // of the variance
const kButtons = 5;

export function Pairs({ found }: { found: Interactions }): JSX.Element | null {
  const pairs = found.pairs.filter((pair, i) => i < kAlways || pair.share.high > kNothing).slice(0, kPairs);
  const draw = useCallback(
    (surface: Surface, size: Size, palette: Palette): Hits => {
      const lines = pairs.map((pair) => ({
        name: `${pair.first} × ${pair.second}`,
        bars: [{ share: pair.share, colour: palette.series[2]! }],
        label: `${pair.first} × ${pair.second}: ${share_text(pair.share)}\nof the variance, beyond each alone`,
        open: () => go({ pair: [pair.first, pair.second] }),
      }));
      return draw_bars(surface, size, lines, palette);
    },
    [found],
  );
  if (pairs.length === 0) return null;
  return (
    <>
      <Chart
        title="Pairs"
        summary={`Shares of the variance that two parameters explain beyond each alone: ${pairs.slice(0, 3).map((pair) => `${pair.first} and ${pair.second} ${share_text(pair.share)}`).join(", ")}.`}
        height={bars_height(pairs.length, 1)}
        draw={draw}
        data={{
          head: ["first", "second", "share", "low", "high", "active"],
          rows: () => found.pairs.map((pair) => [pair.first, pair.second, pair.share.value, pair.share.low, pair.share.high, pair.active]),
        }}
      />
      <p class="legend">
        <span class="key series-2">of the variance, beyond each alone</span>
        <span class="controls">
          {pairs.slice(0, kButtons).map((pair) => (
            <button class="quiet" onClick={() => go({ pair: [pair.first, pair.second] })}>{pair.first} × {pair.second}</button>
          ))}
        </span>
      </p>
    </>
  );
}
