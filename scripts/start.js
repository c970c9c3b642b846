/**
 * `npm start`: the demo; `npm start -- --page`: the page of examples/page, built and served on 127.0.0.1.
 *
 * @module
 */
import { argv } from 'node:process'

if (argv.includes('--page')) {
  const { buildPage, servePage } = await import('./page.js')
  await buildPage()
  const { url } = await servePage()
  console.log(`the page is at ${url}`)
} else {
  argv.splice(2, 0, 'examples/demo.ts')
  await import('./run.js')
}
