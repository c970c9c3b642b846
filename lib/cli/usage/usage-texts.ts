/**
 * What `--help` prints, for each command: no more than a screen of 80 columns and 24 lines.
 *
 * @module
 */

/** Of the program. */
export const HELP = `tor-streams - fetch, proxy and resolve through Tor

  tor-streams fetch URL        fetch a page or a file
  tor-streams proxy            serve SOCKS and HTTP to other programs
  tor-streams resolve NAME     addresses of a name, or the name of an address
  tor-streams gateway          lead web pages to relays
  tor-streams serve PORTS      offer servers here as an onion service

  tor-streams COMMAND --help   what else a command takes

For fetch, proxy and resolve:
        --network FILE         the network of the DirAuthority lines of a torrc,
                               in place of the public one
        --embedded             a network inside this process, for trying things
                               out: it reaches servers of this machine only
        --exit WHICH           come out of Tor there only: the fingerprint of a
                               relay, or a country as two letters; several times
        --exclude WHICH        never come out there
        --geoip FILE           which address is in which country; tor's own
                               files, from /usr/share/tor unless told otherwise
  -q, --quiet                  say nothing of progress
  -h, --help    -V, --version

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 status 400 or more, 130 ended`

/** Of `tor-streams fetch`. */
export const FETCH_HELP = `tor-streams fetch URL - fetch a page or a file through Tor

  -o, --output FILE            write the body to FILE; - is standard output
  -c, --continue               go on with what an interrupted fetch left in FILE
  -i, --include                print the head of the answer first, as it came
        --method METHOD        GET, or POST with --data, unless told otherwise
        --data TEXT            send TEXT as the body; @FILE sends a file
        --header 'NAME: TEXT'  send a header; may be given several times
        --cacert FILE          trust only the authorities in this PEM file

  tor-streams fetch -o FILE URL
  tor-streams fetch --header 'Accept: application/json' --data @FILE URL

--continue goes on only if the server says that the file is still the same, by
an ETag or a time that was kept beside it in FILE.tor-streams; else it begins
again, and says so.

--network, --embedded, --exit, --exclude, --geoip, -q: see tor-streams --help`

/** Of `tor-streams proxy`. */
export const PROXY_HELP = `tor-streams proxy - serve SOCKS and HTTP to other programs

        --socks PORT           SOCKS 4, 4a and 5 on 127.0.0.1; 9050 if no --http
        --http PORT            an HTTP proxy, for what knows no SOCKS
        --dashboard [PORT]     draw it all in a browser, at a secret address
        --log LEVEL            lines in place of the screen: error, warn, notice
                               (one a minute), info, or debug (names relays)
  -q, --quiet                  no screen, and errors only

  curl --proxy socks5h://127.0.0.1:9050 https://example.com/

On a terminal it shows circuits, streams and rates, without host names: n is for
a new identity, h for help, q to quit. kill -USR2 PID gives a new identity too.
Without a terminal it writes a line a minute to standard error.

Without a network it waits for one, and clients are told that there is none.
SIGINT, SIGTERM and SIGHUP end it in order.

--network, --embedded, --exit, --exclude, --geoip: see tor-streams --help`

/** Of `tor-streams resolve`. */
export const RESOLVE_HELP = `tor-streams resolve NAME - addresses of a name, or the name of an address

An exit of Tor is asked; the resolver of this machine learns nothing.

--network, --embedded, --exit, --exclude, --geoip, -q: see tor-streams --help`
