/** The engine of Petri: a simulated Kubernetes cluster, deterministic, with a virtual clock. */

/** Where the page of Petri lives, if not next to this file. */
export interface Source {
  from?: string | URL;
}

export interface OpenOptions extends Source {
  /** The machines: `standard`, `empty`, or `sized-12` for twelve. */
  scenario?: string;
  /** Of everything that is random. */
  seed?: number;
  example?: string;
  lesson?: string;
  recording?: string;
}

/** An object of Kubernetes, as `kubectl get -o json` prints it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; uid?: string; [field: string]: unknown };
  [field: string]: unknown;
}

export interface World {
  /** RFC 3339, virtual. */
  now: string;
  /** Virtual milliseconds since the start. */
  elapsed: number;
  /** How many events have happened. */
  events: number;
  /** Equal worlds have equal ones, in every browser and natively. */
  fingerprint: string;
  /** What the API server believes. */
  objects: KubernetesObject[];
  /** What really runs. */
  machines: Machine[];
  disks: Disk[];
}

export interface Machine {
  name: string;
  zone: string;
  powered: boolean;
  /** Whether it can reach, and be reached by, the control plane. */
  linked: boolean;
  processes: Process[];
}

export interface Process {
  namespace: string;
  pod: string;
  uid: string;
  container: string;
  state: "running" | "stopping" | "hung";
  restarts: number;
  /** Virtual milliseconds since the start of the run. */
  started: number;
  /** Whether the API server has the object that it belongs to: a ghost has none. */
  known: boolean;
}

export interface Disk {
  volume: string;
  /** `namespace/name`. */
  claim: string | null;
  attached: string[];
  /** The pods that write to it. */
  writers: string[];
}

export interface Guarantee {
  name: string;
  definition: string;
  standing: "holds" | "at risk" | "broken";
  /** What shows it, if it does not hold. */
  evidence: string | null;
  /** When it was first broken: virtual milliseconds since the start. */
  firstBroken: number | null;
}

export interface Said {
  /** What a terminal would show. */
  shown: string;
  /** The exit code. */
  code: number;
}

export interface Verdict {
  holds: boolean;
  /** What is there. */
  found: string;
}

export interface Happening {
  /** Virtual milliseconds since the start. */
  at: number;
  kind: "object" | "command" | "process" | "lock" | "machine" | "guarantee";
  /** `pod/web-0`, `web-0 on node-1`, `node-1`, `At most one`. */
  subject: string;
  what: string;
  by: string | null;
}

export interface Recording {
  /** The part of a link behind `#`. */
  fragment: string;
  json: string;
  engine: string;
}

/** A run of a cluster. Its calls answer at once, and block until they have. */
export class Cluster {
  /** Puts a file where `kubectl apply -f NAME` finds it. */
  file(name: string, content: string): void;
  /** Types a line on the console: `kubectl ...`, `cut node-0`, `dig web-0.nginx`. */
  command(line: string): Said;
  /** Lets virtual time pass: `60s`, `6m`. */
  run(span: string): Said;
  /** Lets virtual time pass until a claim holds: `sts/web Ready`, `pod/web-1 is Terminating for 60s`. */
  until(claim: string, timeout?: string): Said;
  world(): World;
  guarantees(): Guarantee[];
  /** @throws if the claim cannot be read. */
  claim(claim: string): Verdict;
  /** Why an object is as it is, in sentences. */
  why(target: string): string;
  /** Goes to a moment: virtual milliseconds since the start. */
  seek(elapsed: number): void;
  /** The same run at the same moment, to go another way. */
  fork(): Cluster;
  /** Calls back with what happens, during calls that let time pass. */
  on(kind: Happening["kind"] | "*", listener: (happening: Happening) => void): () => void;
  recording(): Recording;
  /** Gives its memory back. */
  close(): void;
}

/** Fetches the engine ahead of its first use. */
export function load(from?: string | URL): Promise<unknown>;
/** The version of the engine: recordings name it. */
export function version(from?: string | URL): Promise<string>;
/** Opens a manifest, a fence, or a recording: JSON, a link, or the part of one behind `#`. */
export function open(source: string, options?: OpenOptions): Promise<Cluster>;
/** Machines and nothing else. */
export function empty(options?: Source & { scenario?: string; seed?: number }): Promise<Cluster>;
