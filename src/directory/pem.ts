import { createPrivateKey, X509Certificate } from 'node:crypto'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/**
 * The certificates of a PEM file. Read here because TLS takes any text for a list of CAs, and then trusts none.
 * @throws Error that says what is wrong with the text
 */
export function readCertificates(pem: string): [X509Certificate, ...X509Certificate[]] {
  const [first, ...rest] = pem.match(CERTIFICATE) ?? []
  if (first === undefined) throw new Error('it holds no certificate in PEM form')
  return [readCertificate(first), ...rest.map(readCertificate)]
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new Error('it holds a certificate that can not be decoded')
  }
}

/**
 * Checks that a PEM file holds a private key, and the one of `certificate`.
 * @throws Error that says what is wrong with the key; it quotes nothing of it
 */
export function checkKey(pem: string, certificate: X509Certificate): void {
  let key
  try {
    key = createPrivateKey(pem)
  } catch {
    throw new Error('it holds no private key in PEM form without a passphrase')
  }
  if (!certificate.checkPrivateKey(key)) throw new Error('it is not the key of the certificate')
}
