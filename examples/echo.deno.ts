// prints: ^hello, Tor from 203\.0\.113\.80:7$
/** echo.ts, in Deno. */
await import('./echo.ts')
export {}
