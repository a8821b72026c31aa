import { Type } from 'typebox';
import type { OptionValues } from '../http/option-values.ts';

/** People whom a proxy in front of the server has identified, and says so in a signed header. */
export const proxyOptions = {
  proxyHeader: {
    schema: Type.String({ default: '', pattern: '^[A-Za-z0-9-]*$' }),
    help: 'Header in which a proxy sends who asks, as a signed JWT. No other header is ever believed. Needs --proxy-jwks, --proxy-issuer and --proxy-audience. Empty: none.',
  },
  proxyJwks: {
    schema: Type.String({ default: '' }),
    help: 'The public keys of the proxy (JWKS): a file, or an https address.',
  },
  proxyIssuer: {
    schema: Type.String({ default: '' }),
    help: 'Issuer (iss) that the JWT must have.',
  },
  proxyAudience: {
    schema: Type.String({ default: '' }),
    help: 'Audience (aud) that the JWT must have: that it was made for this server.',
  },
  proxyUserClaim: {
    schema: Type.String({ default: 'sub' }),
    help: 'Claim with the name of the user (sub, email, preferred_username). It must never pass from one person to another.',
  },
  proxyGroupsClaim: {
    schema: Type.String({ default: 'groups' }),
    help: 'Claim with the groups of the user: a list, or one text.',
  },
  proxyAdminGroups: {
    schema: Type.Array(Type.String(), { default: [] }),
    help: 'Groups whose members may do everything.',
  },
  proxyUseGroups: {
    schema: Type.Array(Type.String(), { default: [] }),
    help: 'Groups whose members may work. None, and no groups that may read: everybody whom the proxy lets through.',
  },
  proxyReadGroups: {
    schema: Type.Array(Type.String(), { default: [] }),
    help: 'Groups whose members may look at what is theirs.',
  },
  proxyJwksCacheS: {
    schema: Type.Integer({ default: 600, minimum: 30 }),
    help: 'Seconds that keys from an address are believed before they are fetched again; an unknown key fetches them at once, twice a minute at most.',
  },
} as const;

export type ProxyOptions = OptionValues<typeof proxyOptions>;
