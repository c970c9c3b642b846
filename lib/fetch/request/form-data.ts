/**
 * `multipart/form-data` (RFC 7578, and the HTML standard's encoding algorithm). Each runtime would choose a boundary by
 * which it can be told; this one is the same in all.
 *
 * @module
 */
import { isBlob, type BlobLike, type FormDataLike } from './foreign-body.ts'

/** A form as bytes and files, one after the other, with its Content-Type. */
export interface EncodedForm {
  readonly parts: readonly (Uint8Array | BlobLike)[]
  readonly type: string
}

/**
 * Encodes a form. Files stay where they are until they are read.
 *
 * @throws TypeError for an entry that is neither text nor a file
 */
export function encodeFormData(form: FormDataLike): EncodedForm {
  const random = crypto.getRandomValues(new Uint8Array(16))
  const boundary = `----formdata-${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
  const parts: (Uint8Array | BlobLike)[] = []
  const text = new TextEncoder()
  form.forEach((value, name) => {
    const disposition = `--${boundary}\r\nContent-Disposition: form-data; name="${escape(lines(name))}"`
    if (typeof value === 'string') return void parts.push(text.encode(`${disposition}\r\n\r\n${lines(value)}\r\n`))
    if (!isBlob(value)) throw new TypeError('Cannot send a form with an entry that is neither text nor a file')
    const { type, name: file = 'blob' } = value
    const head = `${disposition}; filename="${escape(file)}"\r\nContent-Type: ${type || 'application/octet-stream'}\r\n\r\n`
    parts.push(text.encode(head), value, text.encode('\r\n'))
  })
  parts.push(text.encode(`--${boundary}--\r\n`))
  return { parts, type: `multipart/form-data; boundary=${boundary}` }
}

/** Every line end becomes CR LF. */
const lines = (text: string): string => text.replaceAll(/\r\n|\r|\n/g, '\r\n')

const escape = (text: string): string => text.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22')
