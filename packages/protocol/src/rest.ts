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
