import { Type, type Static } from 'typebox';

/**
 * How kernels of a gateway are reached. Jupyter's variables for these (`JUPYTER_GATEWAY_*`) are understood too; what is secret is
 * better in a variable or a file than in a flag, which every process list shows.
 */
export const gatewayOptions = {
  gatewayUrl: {
    schema: Type.String({ default: '', pattern: '^(https?://.*)?$' }),
    help: 'Run kernels at this gateway (perijove gateway, or Jupyter Enterprise Gateway), not here. Kernelspecs are its own then.',
  },
  gatewayWsUrl: {
    schema: Type.String({ default: '', pattern: '^(wss?://.*)?$' }),
    help: "Where the gateway's WebSockets are. Empty: as the URL says.",
  },
  gatewayToken: {
    schema: Type.String({ default: '' }),
    help: 'Token for the gateway. Better in PERIJOVE_GATEWAY_TOKEN or in a file: flags show in process lists.',
  },
  gatewayTokenFile: {
    schema: Type.String({ default: '' }),
    help: 'A file with that token; read again for each request, so that it may change.',
  },
  gatewayAuthScheme: {
    schema: Type.String({ default: 'token' }),
    help: 'The word before the token: token, Bearer.',
  },
  gatewayAuthHeaderKey: {
    schema: Type.String({ default: 'Authorization', minLength: 1 }),
    help: 'The header that the token is sent in.',
  },
  gatewayHeaders: {
    schema: Type.String({ default: '{}' }),
    help: 'Further headers for the gateway, as a JSON object.',
  },
  gatewayHttpUser: { schema: Type.String({ default: '' }), help: 'User name for HTTP Basic authentication.' },
  gatewayHttpPwd: { schema: Type.String({ default: '' }), help: 'Password for the same.' },
  gatewayClientCert: {
    schema: Type.String({ default: '' }),
    help: 'Certificate (PEM file) that this server shows to the gateway.',
  },
  gatewayClientKey: { schema: Type.String({ default: '' }), help: 'Its key (PEM file).' },
  gatewayCaCerts: {
    schema: Type.String({ default: '' }),
    help: "Certificates (PEM file) by which the gateway's is believed, in place of the system's.",
  },
  gatewayValidateCert: {
    schema: Type.Boolean({ default: true }),
    help: "Whether the gateway's certificate has to be valid.",
  },
  gatewayAllowedEnvs: {
    schema: Type.Array(Type.String(), { default: [] }),
    help: "Variables of this server's environment besides KERNEL_* that are sent with a start. The gateway has to allow them too.",
  },
  gatewayConnectTimeoutS: {
    schema: Type.Number({ default: 40, exclusiveMinimum: 0 }),
    help: 'Seconds until a connection to the gateway is given up.',
  },
  gatewayRequestTimeoutS: {
    schema: Type.Number({ default: 42, exclusiveMinimum: 0 }),
    help: 'Seconds that the gateway may take to answer; a start, where it answers only when the kernel is up.',
  },
  gatewayPollS: {
    schema: Type.Number({ default: 5, minimum: 0.1 }),
    help: 'Seconds between two looks at all kernels of the gateway.',
  },
  gatewayRetryIntervalMaxS: {
    schema: Type.Number({ default: 30, minimum: 1 }),
    help: 'Longest wait, in seconds, between two attempts to reach a gateway that is away. There is no end to them: its kernels live.',
  },
  gatewayKernelspecsAgeS: {
    schema: Type.Number({ default: 10, minimum: 0 }),
    help: "For how many seconds the gateway's list of kernelspecs is taken as it was.",
  },
  gatewayMaxMessageBytes: {
    schema: Type.Integer({ default: 2 ** 30, minimum: 65_536, maximum: 2 ** 32 - 1 }),
    help: 'A larger message of a kernel ends the connection to it.',
  },
} as const;

export type GatewayOptions = {
  readonly [K in keyof typeof gatewayOptions]: Static<(typeof gatewayOptions)[K]['schema']>;
};
