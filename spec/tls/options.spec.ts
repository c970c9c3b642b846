import { expect } from 'chai'
import { resolveTls } from '../../lib/tls/options.ts'

describe('The options about TLS', () => {
  it('name the server without the dot of a complete name, as SNI has it (RFC 6066, section 3)', () => {
    expect(resolveTls({ secureTransport: 'on' }, 'target.test.')?.serverName).to.equal('target.test')
    expect(resolveTls({ secureTransport: 'on', sni: 'other.test.' }, 'target.test')?.serverName).to.equal('other.test')
    expect(() => resolveTls({ secureTransport: 'on', sni: '.' }, 'target.test')).to.throw(TypeError, 'sni')
  })

  it('refuse no authority at all, which would trust nobody or the wrong ones', () => {
    for (const ca of ['', [], ['']])
      expect(() => resolveTls({ secureTransport: 'on', tls: { ca } }, 'target.test')).to.throw(TypeError, 'tls.ca')
  })
})
