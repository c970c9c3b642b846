/**
 * A directory that is the user's alone, as C tor's `check_private_dir` has it: one that another user owns, that others
 * can write to, or that is a symbolic link may hold what somebody else put there, and is not used. As there, the
 * directories above it are not looked at. On Windows, where there are no such permissions, nothing is checked.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import { codeOf, files, paths, runningProcess, type FileStatus } from './node-files.ts'

const PRIVATE = 0o700
const WRITABLE_BY_OTHERS = 0o022
const OPEN_TO_OTHERS = 0o077

/**
 * False when there is no such directory.
 *
 * @throws TorError `STORAGE_UNSAFE` when it is not only the user's; or what the system says
 */
export async function isPrivateDirectory(directory: string): Promise<boolean> {
  return (await statusOf(directory)) !== undefined
}

/**
 * Makes the directory unless it is there, and takes from others what permission to read it they have.
 *
 * @throws TorError `STORAGE_UNSAFE` when it is not only the user's; or what the system says
 */
export async function makePrivateDirectory(directory: string): Promise<void> {
  if ((await statusOf(directory)) === undefined) {
    await files().mkdir(directory, { recursive: true, mode: PRIVATE })
    await syncDirectory(paths().dirname(directory))
  }
  // Whoever made it meanwhile need not have been this user.
  const status = await statusOf(directory)
  if (status !== undefined && (status.mode & OPEN_TO_OTHERS) !== 0) await files().chmod(directory, PRIVATE)
}

async function statusOf(directory: string): Promise<FileStatus | undefined> {
  let status: FileStatus
  try {
    status = await files().lstat(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  if (status.isSymbolicLink()) throw unsafe('is a symbolic link')
  if (!status.isDirectory()) throw unsafe('is no directory')
  const user = runningProcess().geteuid?.()
  if (user === undefined) return status
  if (status.uid !== user) throw unsafe('belongs to another user')
  if ((status.mode & WRITABLE_BY_OTHERS) !== 0) throw unsafe('can be written to by other users')
  return status
}

/** Paths are not told: they hold the user's name. */
const unsafe = (what: string): TorError => new TorError('STORAGE_UNSAFE', `the directory of the storage ${what}`)

/** What systems say that cannot bring a directory to the disk by itself; its entries get there in time. */
const CANNOT_SYNC: readonly (string | undefined)[] = ['EACCES', 'EBADF', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EPERM']

/** Waits until the names in the directory are on the disk, where the system can tell. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await files().open(directory, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (!CANNOT_SYNC.includes(codeOf(error))) throw error
  }
}
