/**
 * The RSA keys of the first authorities of every test network: of each the four primes of a key of 2,048 bits,
 * 64 bytes each, in base64: to sign with as many costs a quarter of what two do (RFC 8017, section 3.2). They are no secret
 * and protect nothing. Making them anew takes a process up to a second.
 *
 * @module
 */

/** How long a prime is, in bytes. */
export const PRIME_SIZE = 64

/** Of as many authorities as most networks have; further ones are made, as these add to what a web page loads. */
export const AUTHORITY_PRIMES: readonly (readonly [identity: string, signing: string])[] = [
  [
    'z8V8eZNJ1MI/Nm4to4VemkCIMh+ZCRR1DcRfy2p3fYEHvXUfbd/4/FRlviHEKCU8QleFAO1BpFxftVmtlIWiN+8GeRPqQPR6LKQgo7pptc9xV4YZaL54lMBR05CbBLTdGjighqe7sqxYrEFofJaNbht6W3xSC6e5gI5MxMz0p4Hh+T5dkygTA3UtT/8DqlRy/o4Mreat+mbStggaTtwrwTDmARledk3vquSG2qcVZd3trOnyWBwFIcqTACWm6i1Z6BBnhjMO0F4/7nLU6bWKZ1rTUFLX5FXjiU0LBVUi3209yuGFKG3WZ0DAkT1WBAk8hWu57++2Unt5GvUKpLc42Q==',
    '1Z3Jw0i8PBwL9R8LQPq3CiqLPDXOBFXUp67Fns858kUv2QroLceqgFSpSr8mEHfou/ygMgQeyFpDf0KKgfVkD/5TsBZ2HL7h34tN9OOrQn3EY3a+OC0RfFzlwcW//qaV4dW++gTW83PN/wV29n27XeOKcF6Eta2sidohpHKa2iXmtz6mp6FuW0MDrl9GCHYHeoPryoA+/zyzUKyVtmBgmNFsYeuiHIpt4Mxp0f66B3X4Tw/ekHiXOxyH6YrgwBrzxrRNmUafrLWoJGLj3wWqckeS98+XA7NhHWFyNI6w9C/lXcrNK4bFHUkdwYqXdIB2QnfMQoIjex541FkM7K7fJw==',
  ],
  [
    'zyz4Qz1tQYd9lAbGAzL2Pr2VFefOj183m/F+dMsN1f98aFi7F7no8mIFK1P90tiBiTaQAZ2RQvWrRQGRFECTlcZWdErJ9KOa6c/ANSdHaYLQ/AkzAqrN9KHVJA3PhUaSbGJRYuv0ixkHXsKVBzdtkDW7zL7UT8UN7yYkwOEfp9P7bdfcnLw8ix7EJD4sbbEGsQm4MdHL36R9v9ShWgy6Wjyd9yuUiMoRSupL2yu+wM57Yq6sF+qYRLbxi/D6CLEb+EDxVZQo1UI8LACmBMykV0SYqP3yAooLTrXb2kwf9vQw9egVjGQA7w/TLZYgg5ZPFboTsBctzhna50RvET7/oQ==',
    '2Ypq2gJ3tQjvzS00FjccIKJGepY03PqTEqORif9kSIvmWwvHDk5kJlavyaW95tVlTpOVttiMCzi+HJWzieY2h9zM7T2bUEocZYPV6fodvuISOJSYGjA79hLZZMq1ftps9p2YwnizLI7wyPpVuKPUjAq66z0sC8SypwtqNc0uuDPQS/wLdpHKsSBVEReSdXuSjYgfJKwnGgSht926UZvJ72NEP6KowRshPHC8X7YHL4b5SDPVwZcKJXQBNnajurKb7JmFtnXdE4j4KYUXc7ZbT+d+BVNVFZQk1w0/Sxls8485XBLEkzqjoBSW8wTqjmRIFnmWKV4tzLTLOqqWU9BbYQ==',
  ],
  [
    '4fmZpc2ZtAHEEW2GC3p+M2/GCbgG+MudukSmdbX+GjWdGfIhM55PA5gZ/QXCtA9bcvZPGZne+EK8F9f6jQN4n9+O8PNSweoXCAAXk4J5wok7yfjJFCqphN058QOGJB816X+yqdcMyIu3L/sHDMeN4uhtRhoL3qMVxYPsPECnKFXCtXQs1PV668qqctooFtYnyiMwP8aInjaugXSsidRrGAaWMs+9ypP+EGEsyIsMdiV0TbS9t00QN4fsvnSUQEE/3RscAO76XQi2+NfTpxTfd7J2DyDM/CacykNVvVyZSV3eC2jMllusswukpkV768yTJuyrjPDNLyJ9kwD2JAUeYw==',
    '7XFERmFtRbV5iMJzObCOMHE5n2WiEWLdzLFU1y67SLHOl2KRaSrtT8TLODwwCHP+7B9GMStK6Xmxc0M9FpHbE9vlKdu+s12Ab+OlOWk3TgH4VsM/ra7XiBzFB5VV/yBCdB0Rx+7vYHsrIYTrPZA26ji0rznmCrHkm5xh9l1XAR3NAkj+0tfT/BEslfw6PALNj8BeaGyPoAGiisQsHTt88/6OkTCrb0Hc/5CL1kBEaq8KUhqsq1NFuYQ7lH61fAoB0u+DWDZv+z4xkzV8Y3DUqCIpHK6q5rrT3Kn7NZP+YEJp/IKer0zg7D+NWEtDEvUgeElV5EK9yYY/YPqAUS4rrQ==',
  ],
]
