#!/usr/bin/env node
/**
 * The program `tor-streams`.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as nodeProcess from 'node:process'
import { obstacleOf } from './runtime-version.ts'

const { process } = globalThis as unknown as { process: typeof nodeProcess }
const obstacle = obstacleOf(process.versions)
if (obstacle === undefined) {
  // Loaded only now: with a runtime that is too old it would fail with whatever that lacks first.
  const { runProgram } = await import('./program.ts')
  // Where this file is: a bundler puts what is loaded later anywhere.
  process.exitCode = await runProgram(process, new URL('../dashboard/', import.meta.url))
} else {
  process.stderr.write(`tor-streams: ${obstacle}\n`)
  process.exitCode = 1
}
