/**
 * The RSA keys of the first authorities of every test network: of each the two primes of a key of 2,048 bits,
 * 128 bytes each, in base64. They are no secret and protect nothing. Making them anew takes a process up to a second.
 *
 * @module
 */

/** Of as many authorities as most networks have; further ones are made, as these add to what a web page loads. */
export const AUTHORITY_PRIMES: readonly (readonly [identity: string, signing: string])[] = [
  [
    'uuXXjc4OeZ1J/rJ9N8FBiNtxyiJSeY39Ig9D7dTuOuKeHsxjT1REfOwvqK8u3/4DZ7wh9c2+VVrRRYuaoVfRQBNwN6yZ1WncXg5LTlQ5JpAl0ATDBTGI4hsIi0fnxpq4LboNYYB42oBhHdXjrIdZjyb+ltqf2dzGFqlrxm5r3ce46TFeeIq/w6X8AxjX6GoJoBztm0DLFPnBDPFlZ+/+nKXPWRxCbbWgQ/yVT8bushe5aDlNV17LC6qfl2tDCFFr111jCc7i5UqgMEpLQNJVmpzDbp4OsNd6MrqcklhGFnNnYbs3HBTnuwfg/ttyMVuew0ZVzAig+rHe/i9SlkiDnw==',
    '9NmskiE/FkRqye4Cwo7quXWVGVKHcAB4J9OWC4TZeg2AXvpf5r1x3qXG8jpG4GF0xjjpHdsL8IFB5OSRs1vLXucZEJgj5pB4TUEJrGQ4+V3tBE/2f7ys5hVUoRHqKJaw0Pwc8bXnwHChljep1VgE9u+zHCID4BRzJm6TQ6xshQ/GJysWjLd8SEuvGJB3EXh5HSqaWJ2YCkB2fH4YRlv3OMclwdjgMOQukhknTZwkEDJbGUqh+qCiOcE7v+jZBmFYWpGwhhs+O9R4KUfSefA7jqIDAJpUWWFtKwBj2av6fJakLb8eeRRS/e1kd8A4eayZk52465j+8wSNLgxzWwCPNw==',
  ],
  [
    '19YHxFPlOHez99qM7ThXQnesU2eRYt8puhOccAh3MTU+EGhAsnvH4/Rh0e4WA4YfAY9TrZl3RbedkMvXN5lHTW9OltiwIWuPPRaASA6D9PSj6s9M7I2U4t59JlkdSAbTTQdW3f+7kT7dGppFol8JSJylEKLOXkEGvI65f6EqF8e1klb24Lvg9fdrPX8mgLdQ90UcgLmcgZ/o7U0QrbylZlLg+wKjc/zbaetDEew9M4LkSr12Xlu1HSOtIwYy6L2SNYti5bhRG4PISUTbB3dWKqFyIVZfqy4w5mDVJKwYCWgRatHqyiJqN75MNnsJY8L4vsTa1JnPU7Wa0gBJXEcbgw==',
    '0J7HVnah2xIEwVQ+CJ7f+uWZwqqGP8LzbaWw7rRrhkeS3GthVlNT55KinAXGahBdKQoXK4lBSg98Tw7pDohT18625e2tHfkyYjydT8ds1EdeJv/dPbGnNzncjQ5mCXb5e9VAhO39LGPWfUnMDQsWMgvF8KG+h/t8ZLPj21jmx0e95QQ6PqH43oWVMlEaQy0hPIQ71CuU1DRntE2GnHgGgRZ4f/Ro3nygqcG+CfUy1HmknPdZGFnAHJeIfyXp7zK4man2v/+zWmBWcIgZBim4AtYsdZ/dA2FiYhwL9v56Fzuh9xNN82kgPO0dU+BFeQgZlPzVgcFpHa6hMn3UMUWwSw==',
  ],
  [
    'xdmI220lIHxCA3s2FCNqyeiy5Z053l4EBfmVX90J9ROeVpQx5RcK9Ho9uqonid5wXSbNnkZanLneAjX12CuFf728VdKJsJDQYdN2KtAg4W8zpwscJGeJJMjBxLp8h2CmTFX/ghg6m/u33mqmphHRy8CGTJ++2jS95zV/jKKYWau5Ocs3d40j5Muth7fZvZsxqwDD/OB8YPlS/IdqWeBF9+0eWkRj/xctTuY1aQ649c3ULj2ZoGrXTPZ2oMfaSAFqaNWp3mNKTW1ndtMYbSs66Ai0JoqU5Ul1iJUEszS+nf4Ur4qjmF2pMtobKhVvO9XBAtj/Zwmrc8d0v4PBjHnCnw==',
    '8RfsgMr/ZlFY9AGtpiN3588XRq9uc2KxHOTOaz+jftoVqKE2IVOEyIteNCu8sy/+sCmB6Qbx4rBS/Cv3vO8HQvPL8khg/BTug0bbdEPMK+qvfDCsq6IlYKKBCjuyEr2RA1jNjCazJWYRXKzlmyfDgNhUu46NtdObHd3d34PryVXInUOlN4tRkmfsNpOh/abdsd1y76Fz9rOk2USvyFMFY9x5p3hyoHGL0U/a1EDT1RtZMY7f46qMt0AJN6uF1dqEVcIHbY+iyTZT9M+6gk0FGwksR6tavAE+jMw83L8HjByTsPVKi82BikoMVYLBHqwsTfnuVf80Pb0W4PHYUUsLSQ==',
  ],
]
