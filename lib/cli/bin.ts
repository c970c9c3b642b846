#!/usr/bin/env node
/**
 * The program `tor-streams`.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as nodeProcess from 'node:process'
import { builtinModule } from '../platform/runtime/builtin.ts'
import { main } from './main.ts'
import { VERSION } from './version.ts'

const process = builtinModule<typeof nodeProcess>('node:process')

const interrupted = new AbortController()
// The first time everything is closed in order; whoever cannot wait for that interrupts again.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort())
// Told by the write that fails; and where what goes to stderr cannot be told, nothing can.
for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined)

const { stdout, stderr } = process
const drawing = new URL('../dashboard/', import.meta.url)
process.exitCode = await main(process.argv.slice(2), { stdout, stderr, signal: interrupted.signal, drawing }, VERSION)
