import type { Resource } from '../http/access.ts';
import type { User } from './user.ts';

export type Action = 'read' | 'write' | 'execute';

/** Says whether a user may act on a resource. Asked for every request that is not public, so it answers from memory. */
export type Authorizer = (user: User, action: Action, resource: Resource) => boolean;

/** Who is in may do everything, as Jupyter's AllowAllAuthorizer. */
export const allowAll: Authorizer = () => true;
