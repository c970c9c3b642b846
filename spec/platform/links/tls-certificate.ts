/** A self-signed certificate for 127.0.0.1 servers of specs, and its key. They prove nothing. */

/** PEM. */
export const tlsKey = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIF+e5+12L0oXvnDp+OxgNrBFkQcobE1aYzKeU1NDO6CooAoGCCqGSM49
AwEHoUQDQgAExJsMYP4HvCsShbLUHdqYu7fNsrPlyB4ZNuObYngN8WsFzhY2jJD7
1lckb0sdNgrJ5+l6YPi+t+X/yXZf5zAutw==
-----END EC PRIVATE KEY-----
`

/** PEM. */
export const tlsCertificate = `-----BEGIN CERTIFICATE-----
MIIBijCCATGgAwIBAgIUFvqIddm5TwYMSuKfs4psc6PVl48wCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPd3d3LmV4YW1wbGUubmV0MCAXDTI2MTEyMjE4MjcwOVoYDzIx
MjYxMDI5MTgyNzA5WjAaMRgwFgYDVQQDDA93d3cuZXhhbXBsZS5uZXQwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAATEmwxg/ge8KxKFstQd2pi7t82ys+XIHhk245ti
eA3xawXOFjaMkPvWVyRvSx02Csnn6Xpg+L635f/Jdl/nMC63o1MwUTAdBgNVHQ4E
FgQU5aKMNR+zUq7kK2tEj+DJKpIVjSAwHwYDVR0jBBgwFoAU5aKMNR+zUq7kK2tE
j+DJKpIVjSAwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBF4bLZ
uzdKAcSlEpPXTB/qxAqCPCd4NpIoUmgeewJdFgIgIjFy/LYwdHGMtfiJeanfJpoB
o5BwkXTWM61nDJgj20U=
-----END CERTIFICATE-----
`
