/**
 * `multipart/form-data` (RFC 7578, and the HTML standard's encoding algorithm). Each runtime would choose a boundary by
 * which it can be told; this one is the same in all.
 *
 * @module
 */

/** A form as bytes, with its Content-Type. */
export interface EncodedForm {
  readonly blob: Blob
  readonly type: string
}

/** Encodes a form. Files stay where they are until they are read. */
export function encodeFormData(form: FormData): EncodedForm {
  const random = crypto.getRandomValues(new Uint8Array(16))
  const boundary = `----formdata-${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
  const parts: (string | Blob)[] = []
  form.forEach((value, name) => {
    const disposition = `--${boundary}\r\nContent-Disposition: form-data; name="${escape(lines(name))}"`
    if (typeof value === 'string') parts.push(`${disposition}\r\n\r\n${lines(value)}\r\n`)
    else {
      const type = value.type || 'application/octet-stream'
      parts.push(`${disposition}; filename="${escape(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`, value, '\r\n')
    }
  })
  parts.push(`--${boundary}--\r\n`)
  return { blob: new Blob(parts), type: `multipart/form-data; boundary=${boundary}` }
}

/** Every line end becomes CR LF. */
const lines = (text: string): string => text.replaceAll(/\r\n|\r|\n/g, '\r\n')

const escape = (text: string): string => text.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22')
