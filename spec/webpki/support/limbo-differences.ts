/**
 * The cases of x509-limbo whose verdict is another here, by the reason.
 *
 * @module
 */

/** What is deliberately not checked, or checked more strictly. */
export type Reason =
  /** Nobody is asked whether a certificate was revoked: that would tell which server is visited. */
  | 'revocation'
  /** There is no option for the depth of a path. */
  | 'depth option'
  /** Who is trusted is a name and a key: what else the authority's own certificate says is not looked at. */
  | "an authority's own certificate"
  /** Key identifiers only say which candidate to try first: whether there is one is for issuers to see to. */
  | 'key identifiers'
  /** Names are those of subjectAltName: a common name counts for nothing, so that nothing is wrong with it. */
  | 'common name'
  /** Known extensions are obeyed, whether marked critical or not: that is for those who do not know them. */
  | 'critical or not'
  /** A leaf without purposes is good for all of them, and one for servers may be good for more. */
  | 'purposes of a leaf'
  /** Underscores are no part of host names, and are in use as such. */
  | 'underscore'
  /** Which suffixes are public would take a list that is large and soon old. */
  | 'public suffix list'
  /** The web's authorities may not be servers (Baseline Requirements, section 7.1.2.7); RFC 5280 has no such rule. */
  | 'authority as a server'

/** Their identifiers. */
export const LIMBO_DIFFERENCES: Readonly<Record<Reason, readonly string[]>> = {
  'revocation': [
    'crl::revoked-certificate-with-crl',
    'crl::crlnumber-missing',
    'crl::crlnumber-critical',
    'crl::issuer-missing-crlsign',
  ],
  'depth option': ['pathlen::max-chain-depth-0-exhausted', 'pathlen::max-chain-depth-1-exhausted'],
  "an authority's own certificate": [
    'rfc5280::aki::cross-signed-root-missing-aki',
    'rfc5280::ski::root-missing-ski',
    'rfc5280::root-non-critical-basic-constraints',
    'webpki::aki::root-with-aki-missing-keyidentifier',
    'webpki::aki::root-with-aki-authoritycertissuer',
    'webpki::aki::root-with-aki-authoritycertserialnumber',
    'webpki::aki::root-with-aki-all-fields',
    'webpki::aki::root-with-aki-ski-mismatch',
    'webpki::eku::root-has-eku',
  ],
  'key identifiers': [
    'rfc5280::aki::leaf-missing-aki',
    'rfc5280::aki::intermediate-missing-aki',
    'rfc5280::ski::intermediate-missing-ski',
  ],
  'common name': [
    'webpki::cn::ipv4-hex-mismatch',
    'webpki::cn::ipv4-leading-zeros-mismatch',
    'webpki::cn::ipv6-uppercase-mismatch',
    'webpki::cn::ipv6-uncompressed-mismatch',
    'webpki::cn::ipv6-non-rfc5952-mismatch',
    'webpki::cn::punycode-not-in-san',
    'webpki::cn::utf8-vs-punycode-mismatch',
    'webpki::cn::not-in-san',
    'webpki::cn::case-mismatch',
  ],
  'critical or not': [
    'rfc5280::nc::permitted-dns-match-noncritical', // webpki::nc::permitted-dns-match-noncritical wants the opposite
    'webpki::eku::ee-critical-eku',
    'webpki::san::san-critical-with-nonempty-subject',
  ],
  'purposes of a leaf': ['webpki::eku::ee-anyeku', 'webpki::eku::ee-without-eku'],
  'underscore': ['rfc5280::san::underscore-dns'],
  'public suffix list': [
    'webpki::san::public-suffix-multi-label-wildcard-san',
    'webpki::san::public-suffix-private-namespace-wildcard-san',
  ],
  'authority as a server': ['pathlen::validation-ignores-pathlen-in-leaf', 'rfc5280::ca-as-leaf'],
}
