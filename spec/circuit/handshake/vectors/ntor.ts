/**
 * Published vectors, in hexadecimal: the ntor handshake of Arti's crates/tor-proto/src/crypto/handshake/ntor.rs, and
 * KDF-RFC5869 of C tor's src/test/test_crypto.c.
 */

export const ntorVector = {
  rsaIdentity: '69546f6c64596f7541626f75745374616972732e',
  onionSecretKey: '4820544f4c4420594f5520444f474954204b454550532048415050454e494e47',
  onionKey: 'ccbc8541904d18af08753eae967874749e6149f873de937f57f8fd903a21c471',
  clientSecret: '706f6461792069207075742e2e2e2e2e2e2e2e4a454c4c59206f6e2074686973',
  relaySecret: '70686520737175697272656c2e2e2e2e2e2e2e2e686173206869732067616d65',
  onionSkin: [
    '69546f6c64596f7541626f75745374616972732eccbc8541904d18af08753eae967874749e6149f873de937f57f8fd903a21c471',
    'e65dfdbef8b2635837fe2cebc086a8096eae3213e6830dc407516083d412b078',
  ].join(''),
  reply: [
    '390480a14362761d6aec1fea840f6e9e928fb2adb7b25c670be1045e35133a37',
    '1cbdf68b89923e1f85e8e18ee6e805ea333fe4849c790ffd2670bd80fec95cc8',
  ].join(''),
  keys: [
    '0c62dee7f48893370d0ef896758d35729867beef1a5121df80e00f79ed349af39b51cae125719182f19d932a667dae1a',
    'fbf2e336e6910e7822223e763afad0a13342157969dc6b79',
  ].join(''),
} as const

/** 100 bytes that KDF-RFC5869 makes of an ASCII secret with ntor's `t_key` and `m_expand`. */
export const kdfVectors: readonly (readonly [secret: string, hex: string])[] = [
  [
    'Tor',
    [
      '5521492a85139a8d9107a2d5c0d9c91610d0f95989975ebee6c02a4f8d622a6cfdf9b7c7edd3832e2760ded1eac309b76f8d',
      '66c4a3c4d6225429b3a016e3c3d45911152fc87bc2de9630c3961be9fdb9f93197ea8e5977180801926d3321fa21513e59ac',
    ].join(''),
  ],
  [
    'AN ALARMING ITEM TO FIND ON YOUR CREDIT-RATING STATEMENT',
    [
      'a2aa9b50da7e481d30463adb8f233ff06e9571a0ca6ab6df0fb206fa34e5bc78d063fc291501beec53b36e5a0e434561200c',
      '5f8bd13e0f88b3459600b4dc21d69363e2895321c06184879d94b18f078411be70b767c7fc40679a9440a0c95ea83a23efbf',
    ].join(''),
  ],
]
