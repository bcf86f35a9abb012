/** A stretch of a list that goes by creation, newest first, in Unix seconds; open at an end that is null. */
export interface CreatedWindow {
  /** The first second of it. */
  from: number | null;
  /** The second after its last. */
  to: number | null;
}

/** How far a walk through a window has come. */
export interface WindowProgress extends CreatedWindow {
  /** Creation of the newest object that this walk met, and of the last one. */
  newest: number;
  reached: number;
  objects: number;
  /** Where the list certainly has come to its end, when the window is open below. */
  floor: number;
}

/** Below so many pages one connection is as fast as two. */
const SPLIT_PAGES_MIN = 3;

/** How many objects are left, as many to the second as there were so far; 0 where nothing can be left. Pure. */
export function objectsLeft({ from, floor, newest, reached, objects }: WindowProgress): number {
  const secondsLeft = reached - Math.min(from ?? floor, reached);
  // A page within one second says that there are many, not how many.
  const secondsDone = Math.max(newest - reached, 1);
  return Math.ceil((objects / secondsDone) * secondsLeft);
}

/**
 * Where the rest of a window is cut in two, or null when it is not worth a second connection. The older half becomes a
 * window of its own: `[from, cut)`, and the walk goes on in `[cut, to)`. Pure.
 */
export function cutOf(progress: WindowProgress, pageSize: number): number | null {
  const lower = Math.min(progress.from ?? progress.floor, progress.reached);
  if (objectsLeft(progress) < SPLIT_PAGES_MIN * pageSize || progress.reached - lower < 2) return null;
  return lower + Math.ceil((progress.reached - lower) / 2);
}

/** The window as Stripe's filter. Pure. */
export function createdQuery({ from, to }: CreatedWindow): string[] {
  return [...(from === null ? [] : [`created[gte]=${from}`]), ...(to === null ? [] : [`created[lt]=${to}`])];
}
