import type { Resource } from '../http/access.ts';
import { permits, type Action } from './permissions.ts';
import type { User } from './user.ts';

/**
 * Says whether a user may act on a resource, and on a thing of it that is the user's own (or nobody's), or somebody else's.
 * Asked for every request that is not public, so it answers from memory.
 */
export type Authorizer = (user: User, action: Action, resource: Resource, own: boolean) => boolean;

/** By the table of permissions. */
export const authorizeByRole: Authorizer = ({ role }, action, resource, own) =>
  permits(role, action, resource, own);
