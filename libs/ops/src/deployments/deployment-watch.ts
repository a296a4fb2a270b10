/** For whoever watches a piece of a deployment: what goes on in it now. */
export type Progress = (text: string) => void;

/** What every piece of a deployment is called with. */
export interface Underway {
  signal: AbortSignal;
  progress: Progress;
}
