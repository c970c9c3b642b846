/**
 * The far end of gRPC: a server on two ports of 127.0.0.1, in the clear and by TLS, whose messages are plain bytes.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Server, ServerCredentials, type handleUnaryCall } from '@grpc/grpc-js'
import { serverCertificate, serverKey } from '../../support/tls-authority.ts'
import { testBytes } from './test-bytes.ts'

/** The ports of a {@link GrpcTarget}. */
export interface GrpcPorts {
  readonly plain: number
  readonly tls: number
}

const bytes = (content: Buffer): Buffer => content

const unary = (name: string) =>
  ({
    path: `/Target/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  }) as const

/**
 * A server with three calls: `receive`, whose answer has as many bytes of the sequence of test-bytes.ts as asked for;
 * `send`, answered with what came, as by HttpTarget; and `wait`, which makes the file whose path it gets and is never
 * answered.
 */
export class GrpcTarget {
  readonly ports: GrpcPorts
  readonly #server: Server

  static async start(): Promise<GrpcTarget> {
    const receive: handleUnaryCall<Buffer, Buffer> = ({ request }, answer) =>
      answer(null, Buffer.from(testBytes(Number(request.toString()))))
    const send: handleUnaryCall<Buffer, Buffer> = ({ request }, answer) => {
      const sha256 = createHash('sha256').update(request).digest('hex')
      answer(null, Buffer.from(JSON.stringify({ bytes: request.length, sha256 })))
    }
    const wait: handleUnaryCall<Buffer, Buffer> = ({ request }) => writeFileSync(request.toString(), '')
    const server = new Server()
    server.addService({ receive: unary('receive'), send: unary('send'), wait: unary('wait') }, { receive, send, wait })
    const pair = { private_key: Buffer.from(serverKey), cert_chain: Buffer.from(serverCertificate) }
    const bind = (credentials: ServerCredentials): Promise<number> =>
      new Promise((resolve, reject) =>
        server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error === null ? resolve(port) : reject(error))),
      )
    const plain = await bind(ServerCredentials.createInsecure())
    const tls = await bind(ServerCredentials.createSsl(null, [pair]))
    return new GrpcTarget(server, { plain, tls })
  }

  private constructor(server: Server, ports: GrpcPorts) {
    this.#server = server
    this.ports = ports
  }

  /** Stops listening and cuts every connection. */
  stop(): void {
    this.#server.forceShutdown()
  }
}
