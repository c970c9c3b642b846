/**
 * HashX: numbers out of Arti, crates/hashx/tests/hashx_vectors.rs (from the original's tests) and hashx_gen.rs, and the
 * tests in src/siphash.rs and src/rand.rs; the round of SipHash is that of its paper's appendix A.
 *
 * @module
 */

/** Seeds, inputs and whole hashes, in hexadecimal digits as the seeds are. */
export const HASHES = [
  ['546869732069732061207465737400', 0x0n, '2b2f54567dcbea98fdb5d5e5ce9a65983c4a4e35ab1464b1efb61e83b7074bb2'],
  ['546869732069732061207465737400', 0x1e240n, 'aebdd50aa67c93afb82a4c534603b65e46decd584c55161c526ebc099415ccf1'],
  [
    '4c6f72656d20697073756d20646f6c6f722073697420616d657400',
    0x1e240n,
    'ab3d155bf4bbb0aa3a71b7801089826186e44300e6932e6ffd287cf302bbb0ba',
  ],
  [
    '4c6f72656d20697073756d20646f6c6f722073697420616d657400',
    0xdb4da5f4b717715n,
    '8dfef0497c323274a60d1d93292b68d9a0496379ba407b4341cf868a14d30113',
  ],
  ['6c6c6f6d706d62', 0xce3917d056269f6en, 'cafda60c4c351be4ccdc8a9375fd9aea830200dc472da04651150868591bd32f'],
  ['6e716778676c', 0x502d1f959c141a1bn, '73c0aa53b1c6a667e85c5c4d4263e0029b6c117ff29ca3d6f7c89db87500feea'],
  ['7961746d656264', 0xc431100bf283cd89n, '3792c60a2616b04a8eebfb76ce11f7cb7786fd3d767a47f10a4f63db50a36e11'],
  ['6a76616e6d7462', 0x399b83de5eb85d81n, '24d1ce6019c3ceb4be0af9ea57ee636472902cce04c10cee97b07eb141904e2d'],
  ['616d6674626b', 0x81d20d7110e3c280n, '04458aa05b54322ca87cd773d0177f223df0c930b4db6e0371ecb3c2cc653770'],
  ['656272617a7561', 0xebc19ba9cafb0863n, '41cb0b4b24551d26b0a98a57b4da5d22d03883a0626ed674995a6d8688b38bf9'],
  ['7a73616b696564', 0xd190bb98e2d7ebdfn, '1c4b22f9710ef2a8fc54296e64b62580a1aaadc66ab4031549e9e30c57c2cc18'],
  ['776c6d61716862', 0xf9b239ca5919578cn, '1cf2a67e5836a0486580bde5a7e51551cf269eb05d53c8872375e11137f41937'],
  ['657a66767678', 0x6b4a7079456083bn, 'c0d2d29ce6d67d0ae6bf178b4d61359dd0e4631d7f2aab936b04c480c7259603'],
  ['6a787a6f646463', 0x1e37c61f64bb59c6n, 'c3a9c90b17a74be31ad538d5d569dca7e77332ff92e4f68793ca0049b7a1a0cd'],
] as const

/** Seeds that have no program, and two that have. */
export const NO_PROGRAM = [
  '63666c6e676962',
  '717a6466736262',
  '6b6c7779736661',
  '696a756f726361',
  '6e616976767763',
  '6e6e62766564',
  '6d68656c6874',
  '706a6b7a627963',
  '686e707a736e',
  '71666a736676',
  'f9050000',
  '5d930200',
] as const
export const PROGRAM = ['f8050000', '5e930200'] as const

/** Two rounds. */
export const ROUNDS = {
  before: [0x7469686173716475n, 0x6b617f6d656e6665n, 0x6b7f62616d677361n, 0x7c6d6c6a717c6d7bn],
  after: [0x4d07749cdd0858e0n, 0x0d52f6f62a4f59a4n, 0x634cb3577b01fd3dn, 0xa5224d6f55c7d9c8n],
} as const

/** What seeds make: of the program, and of the registers. */
export const KEYS = [
  {
    seed: '',
    program: [0xcaca7747b3c5be92n, 0x296abd268b5f21den, 0x9e4c4d2f95add72an, 0x00ac7f27331ec1c7n],
    registers: [0xc32d197f86f1c419n, 0xbbe47abaf4e28dfen, 0xc174b9d5786f28d4n, 0xa2bd4197b22a035an],
  },
  {
    seed: '616263',
    program: [0xc538fa793ed99a50n, 0xd2fd3e8871310ea1n, 0xd2be7d8aff1f823an, 0x557b84887cfe6c0en],
    registers: [0x610218b2104c3f5an, 0x4222e8a58e702331n, 0x0d53a2563a33148dn, 0x7c24f97da4bff21fn],
  },
] as const

/** Random numbers of the seed `abc`, one after the other. */
export const RANDOM = [
  ['u32', 0xf695edd0],
  ['u32', 0x2205449d],
  ['u32', 0x51c1ac51],
  ['u32', 0xcd19a7d1],
  ['u8', 0xad],
  ['u32', 0x79793a52],
  ['u32', 0xd965083d],
  ['u8', 0xf4],
  ['u32', 0x915e9969],
  ['u32', 0x7563b6e2],
  ['u32', 0x4e5a9d8b],
  ['u32', 0xef2bb9ce],
  ['u8', 0xcb],
  ['u32', 0xa4beee16],
  ['u32', 0x78fa6e6f],
  ['u8', 0x30],
  ['u32', 0xc321cb9f],
  ['u32', 0xbbf29635],
  ['u32', 0x919450f4],
  ['u32', 0xf3d8f358],
  ['u8', 0x3b],
  ['u32', 0x818a72e9],
  ['u32', 0x58225fcf],
  ['u8', 0x98],
  ['u32', 0x3fcb5059],
  ['u32', 0xaf5bcb70],
  ['u8', 0x14],
  ['u32', 0xd41e0326],
  ['u32', 0xe79aebc6],
  ['u32', 0xa348672c],
  ['u8', 0xcf],
  ['u32', 0x5d51b520],
  ['u32', 0x73afc36f],
  ['u32', 0x31348711],
  ['u32', 0xca25b040],
  ['u32', 0x3700c37b],
  ['u8', 0x62],
  ['u32', 0xf0d1d6a6],
  ['u32', 0xc1edebf3],
  ['u8', 0x9d],
  ['u32', 0x9bb1f33f],
  ['u32', 0xf1309c95],
  ['u32', 0x0797718a],
  ['u32', 0xa3bbcf7e],
  ['u8', 0x80],
  ['u8', 0x28],
  ['u8', 0xe9],
  ['u8', 0x2e],
  ['u32', 0xf5506289],
  ['u32', 0x97b46d7c],
  ['u8', 0x64],
  ['u32', 0xc99fe4ad],
  ['u32', 0x6e756189],
  ['u8', 0x54],
  ['u8', 0xf7],
  ['u8', 0x0f],
  ['u8', 0x7d],
  ['u32', 0x38c983eb],
] as const
