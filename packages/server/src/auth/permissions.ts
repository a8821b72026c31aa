import type { Resource } from '../http/access.ts';

/** What a token or a proxy lets somebody be. `read`: look at what is theirs. `use`: work. `admin`: everything of everybody. */
export type Role = 'read' | 'use' | 'admin';

export type Action = 'read' | 'write' | 'execute';

/** How far a permission goes: to nothing, to what is one's own or nobody's, to everything. */
export type Reach = 'none' | 'own' | 'all';

type Reaches = Readonly<Record<Action, Reach>>;

const look: Reaches = { read: 'own', write: 'none', execute: 'none' };
/** Listening is reading, though WebSockets execute. */
const listen: Reaches = { read: 'own', write: 'none', execute: 'own' };
/** A browser reports what a page was kept from; that is no deed of its user's. */
const report: Reaches = { read: 'own', write: 'own', execute: 'none' };
const work: Reaches = { read: 'own', write: 'own', execute: 'own' };
const nothing: Reaches = { read: 'none', write: 'none', execute: 'none' };
const everything: Reaches = { read: 'all', write: 'all', execute: 'all' };

/** Who may do what: the only place where that is decided. */
export const permissions: Readonly<Record<Role, Readonly<Record<Resource, Reaches>>>> = {
  read: {
    api: look,
    config: look,
    contents: look,
    csp: report,
    events: listen,
    kernels: look,
    kernelspecs: look,
    lsp: look,
    nbconvert: look,
    server: nothing,
    sessions: look,
    terminals: look,
  },
  use: {
    api: work,
    config: work,
    contents: work,
    csp: report,
    events: work,
    kernels: work,
    kernelspecs: look,
    lsp: work,
    nbconvert: work,
    // Ending the server ends everybody's work.
    server: nothing,
    sessions: work,
    terminals: work,
  },
  admin: {
    api: everything,
    config: everything,
    contents: everything,
    csp: everything,
    events: everything,
    kernels: everything,
    kernelspecs: everything,
    lsp: everything,
    nbconvert: everything,
    server: everything,
    sessions: everything,
    terminals: everything,
  },
};

/** Whether a role may act on a thing. `own`: it is the asker's, or nobody's. A resource or action that is not known: no. */
export function permits(role: Role, action: Action, resource: Resource, own: boolean): boolean {
  const reach = permissions[role][resource]?.[action] ?? 'none';
  return reach === 'all' || (reach === 'own' && own);
}
