/**
 * What the storage of files uses of the built-in modules that Node, Deno and Bun share.
 *
 * @module
 */
import { builtinModule } from '../runtime/builtin.ts'

/** What is used of an open file. */
export interface FileHandle {
  writeFile(bytes: Uint8Array): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** What is used of what the system knows of a file. */
export interface FileStatus {
  readonly uid: number
  readonly mode: number
  readonly mtimeMs: number
  isDirectory(): boolean
  isSymbolicLink(): boolean
}

/** What is used of `node:fs/promises`. */
export interface FileModule {
  mkdir(path: string, options: { recursive: boolean; mode: number }): Promise<unknown>
  chmod(path: string, mode: number): Promise<void>
  lstat(path: string): Promise<FileStatus>
  open(path: string, flags: 'r' | 'wx', mode?: number): Promise<FileHandle>
  readFile(path: string): Promise<Uint8Array>
  readdir(path: string): Promise<string[]>
  rename(from: string, to: string): Promise<void>
  link(existing: string, path: string): Promise<void>
  rm(path: string, options: { force: boolean }): Promise<void>
}

/** What is used of `node:path`. */
export interface PathModule {
  join(...parts: string[]): string
  resolve(path: string): string
  dirname(path: string): string
}

/** What is used of `node:process`. */
export interface ProcessModule {
  readonly env: Record<string, string | undefined>
  readonly pid: number
  /** Not on Windows. */
  geteuid?(): number
  kill(pid: number, signal: 0): unknown
}

/** What is used of `node:os`. */
export interface SystemModule {
  homedir(): string
  hostname(): string
}

export const files = (): FileModule => builtinModule<FileModule>('node:fs/promises')
export const paths = (): PathModule => builtinModule<PathModule>('node:path')
export const runningProcess = (): ProcessModule => builtinModule<ProcessModule>('node:process')
export const system = (): SystemModule => builtinModule<SystemModule>('node:os')

/** The system's word for what went wrong, such as `ENOENT`. */
export const codeOf = (error: unknown): string | undefined => (error as { code?: string } | undefined)?.code
