/**
 * A plugin of typedoc that mends its pages for readers who do not use a mouse, or see the page: landmarks, an order of headings
 * without gaps, no link inside of what folds, and tables and code that can be scrolled by keyboard. `docs/site/custom.css` has
 * their look.
 *
 * @module
 */
import { Converter, DefaultTheme, PageEvent, ReflectionKind } from 'typedoc'

/**
 * Names of documents that have no title of their own, since a title would show as a table where they are read as files.
 *
 * @type {Readonly<Record<string, string>>}
 */
const TITLES = { 'CHANGELOG': 'Changelog', 'SECURITY': 'Security', 'docs/adversaries': 'Adversaries' }

/** Typedoc's own, with a menu of the guides and entries: what an entry has stands on its page. */
class PagesTheme extends DefaultTheme {
  /**
   * @override
   * @param {import('typedoc').ProjectReflection} project
   */
  buildNavigation(project) {
    const entries = super.buildNavigation(project)
    for (const entry of entries) delete entry.children
    return entries
  }
}

/**
 * Typedoc calls this.
 *
 * @param {import('typedoc').Application} app
 */
export function load(app) {
  app.renderer.defineTheme('pages', PagesTheme)
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const document of project.getReflectionsByKind(ReflectionKind.Document)) {
      document.name = TITLES[document.name] ?? document.name
    }
  })
  app.renderer.on(PageEvent.END, (page) => {
    if (page.contents !== undefined) page.contents = mended(page.contents)
  })
}

/**
 * @param {string} page
 * @returns {string} HTML that looks the same.
 */
export function mended(page) {
  const [head = '', main = '', rest = ''] = page.split(/(?=<div class="col-content">|<div class="col-sidebar">)/)
  return (
    head +
    withHeadingLevels(
      main
        .replace('<div class="col-content">', '<div class="col-content" role="main">')
        .replaceAll(
          /<table>[^]*?<\/table>/g,
          '<div class="table" role="group" aria-label="Table" tabindex="0">$&</div>',
        )
        .replaceAll('<pre>', '<pre tabindex="0">')
        .replaceAll(/<div class="tsd-signature(?: [^"]*)?"/g, '$& tabindex="0"')
        .replaceAll(/<summary[^]*?<\/summary>/g, withoutLinks),
    ) +
    rest
      .replace('<div class="col-sidebar">', '<div class="col-sidebar" role="complementary" aria-label="Contents">')
      .replaceAll(/<h3>(Settings|On This Page)<\/h3>/g, '<h2 class="menu">$1</h2>')
  )
}

/**
 * What folds is a button to a screen reader, which reads nothing inside of it as a link.
 *
 * @param {string} summary
 */
function withoutLinks(summary) {
  return summary.replaceAll(/<a [^>]*class="tsd-anchor-icon"[^]*?<\/a>/g, '')
}

/**
 * Typedoc picks headings by their size. A heading is told to be one level below the heading that it is under.
 *
 * @param {string} main
 */
function withHeadingLevels(main) {
  /** @type {number[]} The levels, as typedoc has them, of the headings that the last one is under, and its own. */
  const open = []
  return main.replaceAll(/<h([1-6])(?=[ >])/g, (tag, digit) => {
    const level = Number(digit)
    while ((open.at(-1) ?? 0) >= level) open.pop()
    open.push(level)
    return open.length === level ? tag : `${tag} aria-level="${open.length}"`
  })
}
