/**
 * The second layer of a descriptor of C tor that wants proofs of work: `crates/tor-netdoc/testdata/hsdesc-inner-pow-v1.txt`
 * of Arti, with what its `inner.rs` (`inner_c_pow_v1`) says of it.
 *
 * @module
 */

export const seed = '144e901df0841833a6e8592190849b4412f307d1565f2f137b2a5bc21a31092a'
export const effort = 614
export const expires: number = 1_712_812_537_000
/** A time at which its certificates hold. */
export const now: number = Date.parse('2024-04-11T04:00:00Z')

export const text = `create2-formats 2
flow-control 1-2 31
pow-params v1 FE6QHfCEGDOm6FkhkISbRBLzB9FWXy8TeypbwhoxCSo= 614 2024-04-11T05:15:37
introduction-point AwAGTopiKiMpAhQH8OZS5MywoPHojQBG7LMi5jGMhgMggSK85hClpNQ3BRVPTT86dDUXD2sRV76I83xZRKIeSQU=
onion-key ntor Gg9s+GJ1v1jvEprUMpHX+CAJ8cs0HWwUUGEOdQSV9QM=
auth-key
-----BEGIN ED25519 CERT-----
AQkAB0K6AS69E6XAxMELvbsXjRSHVTqkmcoWFc8U7MmyKRmejSLNAQAgBADVU9Sn
JLB8wR+FTUWCwH8NX7FJsGfDjH6UIDysFeAaW8n99qGdhQs2kzbvfR7dIkOBkQVg
PdGa/CV2eSAatc7BFugW+OWakEH9GiATY1QtKuQIfce6zhpmOWKxaU3wgAo=
-----END ED25519 CERT-----
enc-key ntor sZDkn6Yg51pmKt18QhmKGU1AS2UNoTj6+zfdelILQzw=
enc-key-cert
-----BEGIN ED25519 CERT-----
AQsAB0K6Ae7Q5ZfMBmcvzKioJ+GOCB+vT+a7RmFEWO1fXCzECdFKAQAgBADVU9Sn
JLB8wR+FTUWCwH8NX7FJsGfDjH6UIDysFeAaW+Mo+QLxC2Q2Ly6yv9vAhxKIRTIS
MJusHSi720Kf6YaX0Xuqov7GTRYCz6blKPoRJLErs/HE1NlFBVKieXosmAQ=
-----END ED25519 CERT-----
introduction-point BAAGrGlEtCMpAhQOlObihhMjAFYr0SpriBcIzAMrrwMgLXw0fZbq0kZD6LHMbOamMqMB1zvq7owMjVL/asG2dIkBEioBfgEAAAAA8DyS//5YV1UjKQ==
onion-key ntor NLFTnKcbnFK89xXV1tfzvHfewB4J/WQWigLzW3zk5xk=
auth-key
-----BEGIN ED25519 CERT-----
AQkAB0K6AcNLqbwePH/S9oVb8/w4WbsazNI0UP0+Omj5a+MUGvGDAQAgBADVU9Sn
JLB8wR+FTUWCwH8NX7FJsGfDjH6UIDysFeAaW5p1N094VJ/QdDWotWcymk+2AZRV
Uh+wweX8c6AvOz4+T477OUD1ZegUuBoEtI13e8NbWF4GbfxU2dAhSBKfYwY=
-----END ED25519 CERT-----
enc-key ntor UcJ1HpwWncd3kmJP+boib1UafqLpx+RXXVqFe/kL7WE=
enc-key-cert
-----BEGIN ED25519 CERT-----
AQsAB0K6AdYBG0vCqPIeVi0Wyh2noTX8+EFwJZDES6Jl5MP6YJcVAQAgBADVU9Sn
JLB8wR+FTUWCwH8NX7FJsGfDjH6UIDysFeAaW71jxOBL0UhIDMfKyG5Tt8QqUgyz
H0cuZfoLuJV2MItWLSg8uyN9fQwKedRHerPMUxo4e1deH1FPN4noBJBz7gc=
-----END ED25519 CERT-----
introduction-point BAAGBb21PQG7AhRjyBvKg1VwBpp/zUgxLepwf2y6ogMgVzJWQlaxLNxpUZyTCHhqyZGe35YQ6zB/jP3K4Kes4FsBEioCwgcwAWQmAAAAAAAAAAEBuw==
onion-key ntor QRmRgCJI07YHWQH+r5f+l2QPDh45o6iD0VCbHUoswXs=
auth-key
-----BEGIN ED25519 CERT-----
AQkAB0K6AVlHrHGYXOTzrowGnCUx7dE9/75sYqeI6hYYBqI3jVu9AQAgBADVU9Sn
JLB8wR+FTUWCwH8NX7FJsGfDjH6UIDysFeAaW+Zr2ITHEFG3WpYIgdntUpzlanwt
3/xzQCMEngfgCUOXk4IwbvnU87jg6/GRb6lHR8JiA4fmSPa7yh5A8V9T3wQ=
-----END ED25519 CERT-----
enc-key ntor RRAXlAGcDdPFx49TJayFVnBKX/KAo9YAzk9fDZcebTk=
enc-key-cert
-----BEGIN ED25519 CERT-----
AQsAB0K6AV/j4ujEFh7OMxz/BcMvk6B6xC807EFzREDjbMbEtLEbAQAgBADVU9Sn
JLB8wR+FTUWCwH8NX7FJsGfDjH6UIDysFeAaW2OjCMThe8sTRjWpmAqer4bAGEbP
Bg+HoDlVHEsM/LUb44u+AObHDxnGSna3M2EeMqEFGQHH4567asb0RZXJ5wc=
-----END ED25519 CERT-----
`
