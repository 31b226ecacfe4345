// An OpenID Connect provider that people can sign in to, and that can be told to
// misbehave. The argument is a file of JSON: issuer, port, certificate, key, clients,
// users. What `POST /-/quirks` says holds until it says something else:
//   discovery, idToken, userinfo, tokenAnswer: changes to what is answered; null removes
//   sign: {alg, kid, tamper}: how the ID token is signed instead
//   publish: [kid]: which keys are in the key set; fail: {path: status};
//   redirect: {path: url}
// `GET /-/calls` counts the requests by path.
import crypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

import Provider from 'oidc-provider'

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const keys = Object.fromEntries(
  ['first', 'second', 'third', 'elliptic'].map((kid) => [kid, makeKey(kid)]),
)
let quirks = {}
let calls = {}

function makeKey(kid) {
  const [kind, options] =
    kid === 'elliptic' ? ['ec', { namedCurve: 'P-256' }] : ['rsa', { modulusLength: 2048 }]
  return crypto.generateKeyPairSync(kind, options)
}

const jwk = (kid) => ({ ...keys[kid].privateKey.export({ format: 'jwk' }), kid, use: 'sig' })
const publicJwk = (kid) => ({ ...keys[kid].publicKey.export({ format: 'jwk' }), kid, use: 'sig' })

const provider = new Provider(config.issuer, {
  clients: config.clients,
  jwks: { keys: ['first', 'elliptic'].map(jwk) },
  scopes: ['openid', 'email', 'profile', ...(config.groupsScope ? ['groups'] : [])],
  claims: {
    openid: ['sub', ...(config.groupsScope ? [] : ['groups'])],
    email: ['email', 'email_verified'],
    profile: ['name', 'given_name', 'family_name'],
    ...(config.groupsScope && { groups: ['groups'] }),
  },
  conformIdTokenClaims: Boolean(config.thinIdToken),
  pkce: { required: () => true },
  cookies: { keys: ['for tests only'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount(_, id) {
    const { password, ...claims } = config.users[id]
    return { accountId: id, claims: () => ({ sub: id, ...claims }) }
  },
  // nobody is asked whether the platform may know them
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    })
    grant.addOIDCScope('openid email profile groups')
    await grant.save()
    return grant
  },
})

const changed = (base, changes) =>
  Object.fromEntries(
    Object.entries({ ...base, ...changes }).filter(([, value]) => value !== null),
  )

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

function signed(claims, { alg = 'RS256', kid = 'first', tamper = false, header = {} } = {}) {
  const input = `${encoded(changed({ alg, kid }, header))}.${encoded(claims)}`
  let signature = Buffer.alloc(0)
  if (alg.startsWith('HS')) {
    // the classic: the public key taken for a shared secret
    const secret = keys[kid].publicKey.export({ format: 'pem', type: 'spki' })
    signature = crypto.createHmac('sha256', secret).update(input).digest()
  } else if (alg !== 'none') {
    signature = crypto.sign('sha256', Buffer.from(input), {
      key: keys[kid].privateKey,
      dsaEncoding: 'ieee-p1363',
      ...(alg.startsWith('PS') && {
        padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
        saltLength: 32,
      }),
    })
  }
  if (tamper) signature[0] ^= 1
  return `${input}.${signature.toString('base64url')}`
}

const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))

const changes = {
  '/.well-known/openid-configuration': (body) => changed(body, quirks.discovery),
  '/jwks': () => ({ keys: (quirks.publish ?? ['first', 'elliptic']).map(publicJwk) }),
  '/me': (body) => changed(body, quirks.userinfo),
  '/token': (body) => {
    if (!body.id_token) return body
    const claims = changed(claimsOf(body.id_token), quirks.idToken)
    const fresh = quirks.idToken || quirks.sign
    const id_token = fresh ? signed(claims, quirks.sign) : body.id_token
    return changed({ ...body, id_token }, quirks.tokenAnswer)
  },
}

provider.use(async (ctx, next) => {
  calls[ctx.path] = (calls[ctx.path] ?? 0) + 1
  const status = quirks.fail?.[ctx.path]
  if (status) {
    ctx.status = status
    ctx.body = 'told to fail'
    return
  }
  const target = quirks.redirect?.[ctx.path]
  if (target) {
    ctx.status = 307
    ctx.set('Location', target)
    return
  }
  await next()
  const change = changes[ctx.path]
  if (change && typeof ctx.body === 'object') ctx.body = change(ctx.body)
})

async function bodyOf(request) {
  let body = ''
  for await (const piece of request) body += piece
  return body
}

async function interaction(request, response) {
  const { params, uid } = await provider.interactionDetails(request, response)
  if (request.method === 'GET') {
    response.setHeader('Content-Type', 'text/html')
    response.end(
      `<!doctype html><title>Sign in</title><form method="post" action="/interaction/${uid}">
       <input name="login" autofocus><input name="password" type="password">
       <button>Sign in to ${encodeURIComponent(params.client_id)}</button></form>`,
    )
    return
  }
  const form = new URLSearchParams(await bodyOf(request))
  const user = config.users[form.get('login')]
  const result =
    user?.password === form.get('password')
      ? { login: { accountId: form.get('login') } }
      : { error: 'access_denied', error_description: 'wrong login or password' }
  await provider.interactionFinished(request, response, result)
}

async function control(request, response) {
  if (request.method === 'POST') {
    quirks = JSON.parse(await bodyOf(request))
    calls = {}
  }
  response.end(JSON.stringify(calls))
}

// a token as a machine would hold it: what is asked for, signed
async function mint(request, response) {
  const { claims, sign } = JSON.parse(await bodyOf(request))
  response.end(signed(claims, sign))
}

const callback = provider.callback()
const tls = { cert: readFileSync(config.certificate), key: readFileSync(config.key) }
createServer(tls, (request, response) => {
  const { pathname } = new URL(request.url, config.issuer)
  const handler = pathname.startsWith('/interaction/')
    ? interaction
    : { '/-/quirks': control, '/-/calls': control, '/-/mint': mint }[pathname]
  if (!handler) return callback(request, response)
  return handler(request, response).catch((error) => {
    response.statusCode = 500
    response.end(String(error))
  })
}).listen(config.port, '127.0.0.1')
