/**
 * Certificates of the tests' servers: signed by themselves, for a hundred years, of no use anywhere else. Made by
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -addext subjectAltName=…`.
 */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What a server of a test shows, and whether it asks the client for one too. */
export interface ServerCertificate extends TestCertificate {
  /** Whom it believes, in PEM. */
  readonly ca?: string;
  readonly requestCert?: boolean;
  readonly rejectUnauthorized?: boolean;
}

/** For 127.0.0.1 and localhost. */
export const OWN_NAME: TestCertificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBrTCCAVOgAwIBAgIUQu4so1zyLLRkLYXthk77I7TagpUwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSZXZlbmtlZWwgdGVzdCBoZXJlMCAXDTI2MTEyMTAzMTI1NFoY
DzIxMjYxMDI4MDMxMjU0WjAdMRswGQYDVQQDDBJldmVua2VlbCB0ZXN0IGhlcmUw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARtr2lQKkelvPhoCqfrVz8UoJJlhc6b
e3o/U8q9j5ELt+UHml1jnYFdI6fY/DUYfjr7+mI0pvWBcq7lUf8XMEKyo28wbTAd
BgNVHQ4EFgQUV2mtQr4fGHBhGu51UmdMqFIk+80wHwYDVR0jBBgwFoAUV2mtQr4f
GHBhGu51UmdMqFIk+80wDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAAB
gglsb2NhbGhvc3QwCgYIKoZIzj0EAwIDSAAwRQIhAJGkTF15saOigz2RZanKxv93
FboLO/WPd274pHDtAbZeAiAWxfncLpbrTdfuORT+zwsVEZWImbMokQ3QMgoqbV0h
AA==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgN1HZvXR8f/gLoqic
9OJEyhHmtiSjHPnXiYOSOoT/lSmhRANCAARtr2lQKkelvPhoCqfrVz8UoJJlhc6b
e3o/U8q9j5ELt+UHml1jnYFdI6fY/DUYfjr7+mI0pvWBcq7lUf8XMEKy
-----END PRIVATE KEY-----
`,
};

/** For elsewhere.example. */
export const OTHER_NAME: TestCertificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBuDCCAV+gAwIBAgIUSJ4ZuKgvv4gOphGYajvV42n8etswCgYIKoZIzj0EAwIw
IjEgMB4GA1UEAwwXZXZlbmtlZWwgdGVzdCBlbHNld2hlcmUwIBcNMjYxMTIxMDMx
MjU0WhgPMjEyNjEwMjgwMzEyNTRaMCIxIDAeBgNVBAMMF2V2ZW5rZWVsIHRlc3Qg
ZWxzZXdoZXJlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKrsfBbTK7F7osR3d
VrRtak1ElGchoq9Y5jDCYzpVBXVKQ3EE/omNTkZ2ZB5ruYkZyrwNUp+a84d1dHmm
LmJICKNxMG8wHQYDVR0OBBYEFG3ffspEmLJb5G7fpMY0aBv55uLNMB8GA1UdIwQY
MBaAFG3ffspEmLJb5G7fpMY0aBv55uLNMA8GA1UdEwEB/wQFMAMBAf8wHAYDVR0R
BBUwE4IRZWxzZXdoZXJlLmV4YW1wbGUwCgYIKoZIzj0EAwIDRwAwRAIgSvAOAkTk
VxRP8Wq0wUdKNWeQjJcIoEgnkS8RtnNQWSoCIH9biX1pm7wdx6aXD/g+i5+fsAFC
iMp/cOewswg/BqjA
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8HxxZ4NOwA5bxB/u
A7eKU7ZCt3TSqheMfnfFwq7Hh+KhRANCAAQqux8FtMrsXuixHd1WtG1qTUSUZyGi
r1jmMMJjOlUFdUpDcQT+iY1ORnZkHmu5iRnKvA1Sn5rzh3V0eaYuYkgI
-----END PRIVATE KEY-----
`,
};
