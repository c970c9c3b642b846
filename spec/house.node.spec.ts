import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect } from 'chai'
import ts from 'typescript'
import { filesBelow, ROOT } from '../scripts/files.js'

/** What every part of the library stands on. */
const GROUND = ['base']

/** The interfaces of the runtime, which everybody may know. What implements them is found by `platform/current.ts`. */
const SEAM = [
  'platform/platform.ts',
  'platform/crypto/ciphers/keystream.ts',
  'platform/crypto/rsa/rsa-public.ts',
  'platform/crypto/digests/running-digest.ts',
  'platform/crypto/digests/sha3-functions.ts',
  'platform/crypto/curves/x25519.ts',
  'platform/links/transport.ts',
  'platform/storage/storage.ts',
  'platform/tls/tls-adapter.ts',
]

/** What each part may import beside itself and the ground: folders of lib, or single files of it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'base': [],
  'cell': [],
  'tls': [...SEAM],
  'stream': [...SEAM, 'cell', 'tls'],
  'crypto': [...SEAM, 'cell'],
  'directory': [...SEAM, 'relay.ts', 'cell', 'crypto'],
  'channel': [...SEAM, 'platform/current.ts', 'relay.ts', 'cell', 'crypto', 'tls13'],
  'tls13': [
    ...SEAM,
    'platform/crypto/ciphers/native-aead.ts',
    'platform/crypto/curves/web-x25519.ts',
    'platform/runtime/runtime.ts',
    'platform/links/server-name.ts',
    'cell',
    'crypto',
    'tls/options.ts',
    'webpki',
  ],
  'webpki': ['cell', 'crypto'],
  'transports': [...SEAM, 'cell'],
  'circuit': [...SEAM, 'platform/current.ts', 'relay.ts', 'cell', 'crypto', 'channel', 'stream'],
  'onion': [
    ...SEAM,
    'platform/crypto/digests/sha3.ts',
    'relay.ts',
    'cell',
    'crypto',
    'channel',
    'stream',
    'circuit',
    'directory',
  ],
  'client': [
    ...SEAM,
    'platform/current.ts',
    'relay.ts',
    'cell',
    'channel',
    'stream',
    'circuit',
    'directory',
    'fetch',
    'onion',
  ],
  'dashboard': [
    'client/bootstrap/status.ts',
    'client/watch/circuit-info.ts',
    'client/watch/client-event.ts',
    'stream/contract/socket-info.ts',
  ],
  'http': [],
  'http-server': ['http'],
  'fetch': ['http'],
  'platform': ['cell', 'tls13', 'webpki'],
  'testing': [
    ...SEAM,
    'platform/current.ts',
    'relay.ts',
    'cell',
    'channel',
    'stream',
    'circuit',
    'crypto',
    'directory',
    'onion/descriptor',
    'onion/hashing.ts',
    'onion/identity',
    'onion/ring',
  ],
  'proxy': ['cell'],
  'socks': ['cell', 'proxy'],
  'http-connect': ['cell', 'proxy', 'socks', 'http'],
  'node': [
    ...SEAM,
    'cell',
    'client/bootstrap/status.ts',
    'client/mirror',
    'directory',
    'proxy',
    'socks',
    'http-connect',
    'platform/links/segments.ts',
    'platform/runtime/builtin.ts',
    'platform/runtime/runtime.ts',
    'platform/tls/pair-duplex.ts',
  ],
  'cli': [
    ...SEAM,
    'cell/ip-address.ts',
    'dashboard/format.ts',
    'dashboard/model.ts',
    'client',
    'directory',
    'fetch',
    'http/message',
    'node',
    'onion/identity',
    'platform/runtime/builtin.ts',
    'platform/storage/storage.ts',
    'stream/socket-address.ts',
    'testing/exit/tcp-exit.ts',
    'testing/test-network.ts',
  ],
  'relay.ts': [...SEAM, 'cell'],
}

/** Whose interfaces are Node's own. */
const MAY_NAME_TYPES_OF_NODE: readonly string[] = ['node', 'cli']

/** Who may ask the runtime for its own modules. */
const MAY_REACH_THE_RUNTIME = /^(platform\/|testing\/exit\/tcp-exit\.ts$)/

/** More than any file should have; 300 is the aim. */
const MAX_LINES = 350

interface Import {
  /** The file that imports, below lib. */
  readonly from: string
  /** The file below lib, or the name of a package. */
  readonly to: string
  readonly isPackage: boolean
  readonly isTypeOnly: boolean
}

const lib = join(ROOT, 'lib')
const files = filesBelow(lib, '.ts').map((file) => relative(lib, file))
const textOf = new Map(files.map((file) => [file, readFileSync(join(lib, file), 'utf8')]))
const sources = files.map((file) => ts.createSourceFile(file, textOf.get(file) ?? '', ts.ScriptTarget.Latest))

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>
  dependencies: Record<string, string>
}
const entries = Object.values(manifest.exports).flatMap((target) =>
  typeof target === 'string' ? [] : [target.default.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts')],
)

function importsOf(source: ts.SourceFile): Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, isTypeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return
    const isPackage = !specifier.text.startsWith('.')
    const to = isPackage ? specifier.text : join(dirname(source.fileName), specifier.text)
    found.push({ from: source.fileName, to, isPackage, isTypeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const imports = sources.flatMap(importsOf)

/** The imports of files of lib by files of lib. */
const inside = imports.filter(({ isPackage }) => !isPackage)

/** Each circle of arrows, as a sentence. */
function circlesAmong(arrows: readonly (readonly [from: string, to: string])[]): string[] {
  const next = new Map<string, string[]>()
  for (const [from, to] of arrows) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set<string>()
  const circles: string[] = []
  const walk = (place: string, path: readonly string[]): void => {
    if (path.includes(place)) circles.push([...path.slice(path.indexOf(place)), place].join(' -> '))
    if (path.includes(place) || done.has(place)) return
    for (const to of next.get(place) ?? []) walk(to, [...path, place])
    done.add(place)
  }
  for (const place of next.keys()) walk(place, [])
  return circles
}

/** The folder below lib; a file of lib itself is a part of its own. */
const partOf = (file: string): string => file.split('/')[0] ?? ''
const isEntry = (file: string): boolean => entries.includes(file)

describe('The house', () => {
  it('has arrows that point down only', () => {
    const wrong = imports
      .filter(({ from, isPackage }) => !isPackage && !isEntry(from))
      .filter(({ from, to }) => partOf(from) !== partOf(to))
      .filter(
        ({ from, to }) =>
          ![...GROUND, ...(MAY_IMPORT[partOf(from)] ?? [])].some((each) => to === each || to.startsWith(`${each}/`)),
      )
      .map(({ from, to }) => `${from} imports ${to}`)
    expect(wrong).to.deep.equal([])
  })

  it('draws with types of the client only: a page loads the drawing without the client', () => {
    const loaded = inside.filter(({ from, to }) => partOf(from) === 'dashboard' && partOf(to) !== 'dashboard')
    expect(loaded.filter(({ isTypeOnly }) => !isTypeOnly)).to.deep.equal([])
  })

  it('has a row in the table of arrows for each of its parts', () => {
    const parts = new Set(files.filter((file) => !isEntry(file)).map(partOf))
    expect([...parts].filter((part) => !(part in MAY_IMPORT))).to.deep.equal([])
  })

  it('has no circle of imports between files, those of types included', () => {
    expect(circlesAmong(inside.map(({ from, to }) => [from, to]))).to.deep.equal([])
  })

  it('has no circle of imports between rooms, those of types included', () => {
    const arrows = inside.map(({ from, to }) => [dirname(from), dirname(to)] as const)
    expect(circlesAmong(arrows.filter(([from, to]) => from !== to && from !== '.' && to !== '.'))).to.deep.equal([])
  })

  it('imports only packages that it names as dependencies, by files that exist in every runtime', () => {
    const allowed = Object.keys(manifest.dependencies)
    const wrong = imports
      .filter(({ isPackage, to }) => isPackage && !allowed.some((name) => to === name || to.startsWith(`${name}/`)))
      .filter(
        ({ from, to, isTypeOnly }) =>
          !(isTypeOnly && to.startsWith('node:') && MAY_NAME_TYPES_OF_NODE.includes(partOf(from))),
      )
      .map(({ from, to }) => `${from} imports ${to}`)
    expect(wrong).to.deep.equal([])
  })

  it('takes no package into the stream part and the cell part', () => {
    const wrong = imports.filter(({ from, isPackage }) => isPackage && ['stream', 'cell'].includes(partOf(from)))
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).to.deep.equal([])
  })

  it("asks the runtime for its modules only in lib/platform, and in the test network's exit to TCP", () => {
    const asking = files.filter((file) => /getBuiltinModule|\b(Deno|Bun)\./.test(codeOf(file)))
    expect(asking.filter((file) => !MAY_REACH_THE_RUNTIME.test(file))).to.deep.equal([])
  })

  it('re-exports nothing but in the entries of the package', () => {
    expect(files.filter((file) => file.endsWith('/index.ts'))).to.deep.equal([])
    const barrels = sources.filter((source) =>
      source.statements.some(
        (statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined,
      ),
    )
    expect(barrels.map((source) => source.fileName).filter((file) => !isEntry(file))).to.deep.equal([])
  })

  it('has nothing but re-exports by name in the entries of the package', () => {
    for (const source of sources.filter(({ fileName }) => isEntry(fileName))) {
      for (const statement of source.statements) {
        const isNamed =
          ts.isExportDeclaration(statement) &&
          statement.exportClause !== undefined &&
          ts.isNamedExports(statement.exportClause)
        expect(isNamed, `${source.fileName}: ${statement.getText(source).slice(0, 60)}`).to.equal(true)
      }
    }
  })

  it('has an entry for each that package.json names', () => {
    expect(entries.filter((entry) => !files.includes(entry))).to.deep.equal([])
  })

  it('says in a header what each file is', () => {
    const bare = files.filter(
      (file) => !/^(?:#!.*\n)?\/\*\*(?:(?!\*\/)[^])*@module(?:(?!\*\/)[^])*\*\//.test(textOf.get(file) ?? ''),
    )
    expect(bare).to.deep.equal([])
  })

  it(`has no file of more than ${MAX_LINES} lines`, () => {
    const long = files.map((file) => ({ file, lines: (textOf.get(file) ?? '').trimEnd().split('\n').length }))
    expect(long.filter(({ lines }) => lines > MAX_LINES)).to.deep.equal([])
  })
})

/** A file without its comments. */
function codeOf(file: string): string {
  return (textOf.get(file) ?? '').replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
}
