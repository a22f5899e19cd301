import type { Meaning, Meanings } from "./meaning.ts";

/** Code of the error with which a session ends a probe whose connection the peer closed without a word. */
export const PEER_CLOSED = "PEER_CLOSED";
/** Code of the error with which a probe ends when its own session is destroyed. */
export const ABANDONED = "PROBE_ABANDONED";
/** Code of a request of the control plane that failed without an answer: its platform tells no more than that. */
export const EDGE_FAILED = "EDGE_FAILED";
/** Codes of what does not fit together in the settings of TLS, which only the agents that hold the key can tell. */
export const TLS_NO_KEY = "TLS_NO_KEY";
/** See {@link TLS_NO_KEY}. */
export const TLS_NO_CERTIFICATE = "TLS_NO_CERTIFICATE";
/** See {@link TLS_NO_KEY}. */
export const TLS_OTHER_KEY = "TLS_OTHER_KEY";
/** See {@link TLS_NO_KEY}. */
export const TLS_BROKEN_PEM = "TLS_BROKEN_PEM";

const down = (reason: Meaning["reason"]): Meaning => ({ verdict: "down", reason });

const CHECK_DNS = "check the host name, and the DNS server that the agent asks";
const nameNotFound: Meaning = { verdict: "config", reason: "name-not-found", advice: CHECK_DNS };

const tls = (advice: string): Meaning => ({ verdict: "config", reason: "tls-failed", advice });
const unknownAuthority = tls(
  "enter the certificate authority that signed the server's certificate, or start the agent with NODE_EXTRA_CA_CERTS=<file>",
);
const clientCertificate = tls(
  "the server refused the client's certificate: see that it is valid, for clients, and signed by an authority that the server knows",
);
const wantsCertificate = tls(
  "the server asks for a client certificate: enter clientCertPem, and its key clientKeyPem as a secret",
);
const noHandshake = tls(
  "the server may ask for a client certificate (clientCertPem); otherwise compare the TLS versions and ciphers of server and agent",
);
const notTls = tls("the server does not speak TLS on this port: switch it on there, or off here");

/** The agent's own machine refuses: that says nothing about the target, and unknown is not down [SAFE-2]. */
const own = (advice: string): Meaning => ({ verdict: "config", reason: "bad-settings", advice });
const outOfFiles = own("the agent's process has no file descriptor left: raise its limit (LimitNOFILE)");
const outOfMemory = own("the agent's machine is out of memory");
const firewall = own("the agent's own machine forbids this connection: check its firewall");
const noDriver = own("this agent has no driver for this kind: install the agent again");

/**
 * What the codes of Node and the operating system mean for any kind (errno(3), Node's tls and dns documentation).
 * A name that does not resolve and a certificate that does not fit are settings, not dead targets [SAFE-5].
 */
export const NETWORK_MEANINGS: Meanings = {
  ECONNREFUSED: down("refused"),
  ECONNRESET: down("reset"),
  EPIPE: down("closed"),
  ECONNABORTED: down("closed"),
  ERR_STREAM_DESTROYED: down("closed"),
  [PEER_CLOSED]: down("closed"),
  [ABANDONED]: down("timed-out"),
  [EDGE_FAILED]: {
    ...down("unreachable"),
    advice:
      "the control plane reaches public addresses only, and with https only what has a valid certificate",
  },
  ETIMEDOUT: down("timed-out"),
  EHOSTUNREACH: down("unreachable"),
  ENETUNREACH: down("unreachable"),
  EHOSTDOWN: down("unreachable"),
  ENETDOWN: down("unreachable"),

  ENOTFOUND: nameNotFound,
  EAI_AGAIN: nameNotFound,
  EAI_FAIL: nameNotFound,
  EAI_NODATA: nameNotFound,
  EAI_NONAME: nameNotFound,

  CERT_HAS_EXPIRED: tls("renew the server's certificate"),
  CERT_NOT_YET_VALID: tls("check the clocks of server and agent"),
  CERT_REVOKED: tls("replace the server's certificate"),
  CERT_SIGNATURE_FAILURE: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  ERR_TLS_CERT_ALTNAME_INVALID: tls(
    "the certificate is for another name: enter one that it lists as tls.serverName or as the address",
  ),
  [TLS_NO_KEY]: tls(
    "enter the key of the client certificate as the secret clientKeyPem, or remove the certificate",
  ),
  [TLS_NO_CERTIFICATE]: tls("enter tls.clientCertPem, or the secrets again without clientKeyPem"),
  [TLS_OTHER_KEY]: tls("enter the key that the client certificate was made with"),
  [TLS_BROKEN_PEM]: tls("enter it again, with the lines BEGIN and END"),
  TLS_ALERT_CERTIFICATE_REQUIRED: wantsCertificate,
  TLS_ALERT_HANDSHAKE_FAILURE: noHandshake,
  TLS_ALERT_UNKNOWN_CA: clientCertificate,
  TLS_ALERT_BAD_CERTIFICATE: clientCertificate,
  TLS_ALERT_CERTIFICATE_EXPIRED: clientCertificate,
  TLS_ALERT_CERTIFICATE_REVOKED: clientCertificate,
  TLS_ALERT_CERTIFICATE_UNKNOWN: clientCertificate,
  TLS_ALERT_UNSUPPORTED_CERTIFICATE: clientCertificate,
  TLS_ALERT_ACCESS_DENIED: clientCertificate,
  TLS_ALERT_PROTOCOL_VERSION: tls("server and agent have no version of TLS in common"),
  EPROTO: notTls,
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: notTls,
  ERR_SSL_UNSUPPORTED_PROTOCOL: tls("the server speaks no version of TLS that the agent does"),
  ERR_SSL_NO_CIPHERS_AVAILABLE: tls("server and agent have no cipher in common"),

  EMFILE: outOfFiles,
  ENFILE: outOfFiles,
  ENOBUFS: outOfMemory,
  ENOMEM: outOfMemory,
  EADDRNOTAVAIL: own("the agent's machine has no free port for the connection, or no such address family"),
  EACCES: firewall,
  EPERM: firewall,
  ERR_MODULE_NOT_FOUND: noDriver,
  MODULE_NOT_FOUND: noDriver,
};
