/**
 * Equi-X: numbers out of Arti, crates/equix/tests/tor_equix_vectors.rs and equix_verify.rs, which has them from C tor,
 * src/test/test_crypto_slow.c, test_crypto_equix.
 *
 * @module
 */

/** Challenges, and all solutions of each; undefined where a challenge has no program. */
export const SOLUTIONS: readonly (readonly [challenge: string, solutions: readonly string[] | undefined])[] = [
  ['bsipdp', undefined],
  ['espceob', undefined],
  ['zzz', ['ae21 d392 3215 dd9c 2f08 93df 232c e5dc']],
  ['rrr', ['0873 57a8 73e0 912e 1ca8 ad96 9abd d7de']],
  ['qqq', []],
  ['0123456789', []],
  ['zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz', []],
  [
    '',
    [
      '0098 3a4d c489 cfba 7ef3 a498 a00f ec20',
      '78d8 8611 a4df ec19 0927 a729 842f f771',
      '54b5 cc11 1593 e624 9357 b339 b138 ed99',
    ],
  ],
  [
    'a',
    [
      '4b38 8c81 9255 ad99 5ce7 eb3e c635 ee38',
      '3f9e 659b 9ae6 b891 63ae 777c 06ca c593',
      '2227 a173 365a b47d 1bb2 a077 0d5e f25f',
    ],
  ],
  ['abc', ['371f 8865 8189 fbc3 26df e4c0 ab39 fe5a', '2101 b88f c525 ccb3 5785 a41e 4fba ed18']],
  [
    'abce',
    [
      '4fca 72eb 101f afab 1add 2d71 75a3 c978',
      '17f1 7aa6 23e3 ab00 7e2f 917e 16da da9e',
      '70ee 7757 8a54 bd2b 90e4 e31e 2085 e47e',
      '62c5 86d1 5752 e1f0 12da 8f33 7336 f161',
    ],
  ],
  [
    '01234567890123456789',
    [
      '4803 6775 c5c9 d1b0 1bc3 e4f6 4027 f5ad',
      '5a8a 9542 ef99 f0b9 4905 4e29 2da5 fbd5',
      '4c79 c935 2bcb cd0f 0362 9fa9 a62e f83a',
      '5878 6edf 1e00 f5e3 43de 9212 d01e fd11',
      '0b69 2d17 01be 6cb4 0fba 4a9e 8d75 a50f',
    ],
  ],
]

/** Of challenge `a`: two orders, and a number that is another. */
export const JUDGED = [
  ['2227 a173 365a b47d 1bb2 a077 0d5e f25f', undefined],
  ['1bb2 a077 0d5e f25f 2220 a173 365a b47d', 'order'],
  ['2220 a173 365a b47d 1bb2 a077 0d5e f25f', 'sum'],
] as const

/** How many solutions the challenges 0 to 19 have in all, as numbers of 4 bytes, the less significant ones first. */
export const COUNT = 38
