// A part of the page that follows the view only while it is seen, and only after what people act on has answered: with 10^5
// trials a chart costs more than the table, and a filter should not wait for it.
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { StudyView } from "../model/study_view";

const kAhead = "400px"; // below the window, so that scrolling finds charts drawn

interface LazilyProps {
  view: StudyView;
  /** Room that is kept until it is first seen, in pixels. */
  height: number;
  children: (view: StudyView) => JSX.Element | null;
}

export function Lazily({ view, height, children }: LazilyProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [seen, set_seen] = useState(false);
  const [shown, set_shown] = useState<StudyView | undefined>(undefined);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => set_seen(entry!.isIntersecting), { rootMargin: kAhead });
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!seen || shown === view) return;
    // Behind the next frame: the table has been painted then.
    let timer: number | undefined;
    const frame = requestAnimationFrame(() => (timer = window.setTimeout(() => set_shown(view))));
    return () => {
      cancelAnimationFrame(frame);
      window.clearTimeout(timer);
    };
  }, [view, seen]);
  // A part that was taken out of the window keeps its room.
  return (
    <div ref={box} style={shown ? {} : { minHeight: `${height}px` }}>
      {shown && children(shown)}
    </div>
  );
}
