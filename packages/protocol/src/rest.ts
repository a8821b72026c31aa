// Shapes of Jupyter's REST API that more than one package speaks.

/** Words that a kernel's `execution_state` may have: a closed set, clients know no other. */
export type ExecutionState =
  | 'starting'
  | 'idle'
  | 'busy'
  | 'restarting'
  | 'autorestarting'
  | 'terminating'
  | 'dead'
  | 'unknown';

/** `GET /api/kernels/{id}`. `reason` and `traceback` are there for a dead kernel; JupyterLab shows them. */
export interface KernelModel {
  id: string;
  name: string;
  /** ISO 8601 with a fraction and `Z`: stock gateway clients parse it strictly. */
  last_activity: string;
  execution_state: ExecutionState;
  connections: number;
  reason?: string;
  traceback?: string;
  /** Perijove's own: of a kernel that waits for room. */
  perijove?: { phase: 'queued'; message: string; queue: QueueModel };
}

/** A kernel's place in the queue. `position` 1 is next; `needs`, `free` and `total` are bytes, processors or kernels. */
export interface QueueModel {
  position: number;
  queued: number;
  /** `turn`: there is room, but one that needs more came earlier. */
  reason: 'memory' | 'cpus' | 'kernels' | 'kernelsOfUser' | 'turn';
  needs?: number;
  free?: number;
  total?: number;
  /** The user's own kernels of which the end of any one would make room. */
  would_free: string[];
}

/** `GET /api/sessions/{id}`. */
export interface SessionModel {
  id: string;
  path: string;
  name: string;
  type: string;
  kernel: KernelModel;
  notebook?: { path: string; name: string };
}
