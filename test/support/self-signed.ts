/**
 * A certificate for another host, signed by nobody but itself, with its key: for servers of tests that are not to be trusted.
 * It guards nothing, and is valid until 2126: `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 …`.
 */
export const SELF_SIGNED = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkJXTN3CbM8ip2E2E
h0Viefm7VTO3bqv/qrkVz4vklN2hRANCAATARza5sUcPbjVcFiNCxe9GM+Dk20UJ
p9OChnNf/d/xsuJEDkLIvNxdGqMPzLPLy//egLr0Fhyr1b2/5z6t8dkq
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBtzCCAVygAwIBAgIUVGMO3+bT5fvOELkZB0OxJlQGU+EwCgYIKoZIzj0EAwIw
HzEdMBsGA1UEAwwUc29tZW9uZS1lbHNlLmV4YW1wbGUwIBcNMjYxMTIzMDE0MDIx
WhgPMjEyNjEwMzAwMTQwMjFaMB8xHTAbBgNVBAMMFHNvbWVvbmUtZWxzZS5leGFt
cGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEwEc2ubFHD241XBYjQsXvRjPg
5NtFCafTgoZzX/3f8bLiRA5CyLzcXRqjD8yzy8v/3oC69BYcq9W9v+c+rfHZKqN0
MHIwHQYDVR0OBBYEFD18oZ6n7AC5G/9MXfTvqmiiu97GMB8GA1UdIwQYMBaAFD18
oZ6n7AC5G/9MXfTvqmiiu97GMA8GA1UdEwEB/wQFMAMBAf8wHwYDVR0RBBgwFoIU
c29tZW9uZS1lbHNlLmV4YW1wbGUwCgYIKoZIzj0EAwIDSQAwRgIhAM+GAv5cT/QK
cdUy4yFkfQoxBwVV4+947VyPVqF2i3WmAiEAkbDfdpx+H0NwCULYNRTm599PPZEP
s7fgeurcfxif8iY=
-----END CERTIFICATE-----
`,
} as const;
