// A SAML 2.0 provider that people can sign in to, and that can be told to misbehave.
// The argument is a file of JSON: issuer, port, certificate, key, signing {name:
// {certificate, key}}, users. `POST /-/quirks` sets:
//   with: which signing key; publish: which are in the metadata
//   options: options of samlp (audience, recipient, destination, lifetimeInSeconds,
//   signAssertion, signResponse, signatureAlgorithm, inResponseTo ...)
//   nameIdFormat, attributes: changes to what is said of the user; null removes
// `GET /-/calls` counts the requests by path.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createRequire } from 'node:module'

const samlp = createRequire(import.meta.url)('samlp')
const config = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const signing = Object.fromEntries(
  Object.entries(config.signing).map(([name, { certificate, key }]) => [
    name,
    { cert: readFileSync(certificate), key: readFileSync(key) },
  ]),
)
let quirks = {}
let calls = {}

const escaped = (text) =>
  String(text).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)

class Person {
  static metadata = []

  constructor(user) {
    this.user = user
  }

  getClaims() {
    const { email, firstName, lastName, teams } = this.user
    const said = { Email: email, FirstName: firstName, LastName: lastName, Teams: teams }
    const all = { ...said, ...quirks.attributes }
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null))
  }

  getNameIdentifier() {
    return {
      nameIdentifier: this.user.email,
      nameIdentifierFormat:
        quirks.nameIdFormat ?? 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    }
  }
}

function metadata() {
  const certificates = (quirks.publish ?? ['first']).map((name) => {
    const pem = signing[name].cert.toString().replace(/-----.*-----|\s/g, '')
    return `<md:KeyDescriptor use="signing"><ds:KeyInfo
      xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
      ${pem}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
  })
  return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
    entityID="${escaped(config.issuer)}"><md:IDPSSODescriptor
    protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    ${certificates.join('')}<md:SingleSignOnService
    Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    Location="${escaped(config.base)}/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}

function form(target, fields) {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`,
  )
  return `<!doctype html><title>Identity provider</title>
    <form method="post" action="${escaped(target)}">${inputs.join('')}`
}

// the part of Express that samlp knows
function respond(response) {
  return {
    set: (name, value) => response.setHeader(name, value),
    send(status, body) {
      if (typeof status === 'number') response.statusCode = status
      response.end(typeof status === 'number' ? String(body ?? status) : status)
    },
  }
}

function answer(fields, user, response) {
  const query = { SAMLRequest: fields.SAMLRequest, RelayState: fields.RelayState }
  const handle = samlp.auth({
    issuer: config.issuer,
    ...signing[quirks.with ?? 'first'],
    profileMapper: (one) => new Person(one),
    recipient: config.acs,
    destination: config.acs,
    // samlp names who asked; a response to nobody must name somebody, too
    ...(!fields.SAMLRequest && { audience: config.audience }),
    getPostURL: (audience, dom, request, callback) => callback(null, config.acs),
    ...quirks.options,
    getUserFromRequest: () => user,
    responseHandler(SAMLResponse, options, request) {
      const { RelayState } = request.query
      respond(response).set('Content-Type', 'text/html')
      response.end(
        form(config.acs, {
          SAMLResponse: SAMLResponse.toString('base64'),
          ...(RelayState && { RelayState }),
        }) + '</form>',
      )
    },
  })
  handle({ method: 'POST', query, body: {} }, respond(response), (error) => {
    response.statusCode = 500
    response.end(String(error))
  })
}

async function bodyOf(request) {
  let body = ''
  for await (const piece of request) body += piece
  return body
}

async function serve(request, response) {
  const url = new URL(request.url, config.base)
  calls[url.pathname] = (calls[url.pathname] ?? 0) + 1
  const given = request.method === 'POST' ? await bodyOf(request) : ''
  switch (url.pathname) {
    case '/-/quirks':
      quirks = JSON.parse(given)
      calls = {}
      return response.end('{}')
    case '/-/calls':
      return response.end(JSON.stringify(calls))
    case '/metadata':
      response.setHeader('Content-Type', 'application/samlmetadata+xml')
      return response.end(metadata())
    case '/sso': {
      if (request.method === 'GET') {
        response.setHeader('Content-Type', 'text/html')
        return response.end(
          `${form('/sso', Object.fromEntries(url.searchParams))}
          <input name="login" autofocus><input name="password" type="password">
          <button>Sign in</button></form>`,
        )
      }
      const fields = Object.fromEntries(new URLSearchParams(given))
      const user = config.users[fields.login]
      if (user && user.password === fields.password) return answer(fields, user, response)
      response.statusCode = 401
      return response.end('wrong login or password')
    }
    default:
      response.statusCode = 404
      return response.end('there is no such page')
  }
}

const tls = { cert: readFileSync(config.certificate), key: readFileSync(config.key) }
createServer(tls, (request, response) => {
  serve(request, response).catch((error) => {
    response.statusCode = 500
    response.end(String(error))
  })
}).listen(config.port, '127.0.0.1')
