//! The texts that `--help` prints after the options.

pub(crate) const ENVIRONMENT: &str = "\
Environment, as the service reads it:
  SESSION_DRIVER            cookie, redis, postgres, mysql, sqlite or memory [default: cookie]
  SESSION_SECRET            signing secret; falls back to APP_KEY
  SESSION_PREVIOUS_SECRETS  comma-separated secrets that are still accepted
  SESSION_LIFETIME          minutes of inactivity before a session expires
                            [default: 120]
  SESSION_GRACE             seconds for which a regenerated id is known
                            [default: 10]
  SESSION_OWNER_KEY         data key that names the user of a session
  SESSION_TRANSPORT         cookie, header or both [default: cookie]
  SESSION_COOKIE            cookie name [default: session]
  SESSION_SECURE, SESSION_SAME_SITE, SESSION_PATH, SESSION_DOMAIN
                            cookie attributes
  SESSION_ENCRYPT           whether sessions are encrypted [default: false]
  SESSION_PLAIN_RECORDS     with encryption, what happens to other sessions:
                            refuse, accept or write [default: refuse]
  REDIS_URL                 Redis server [default: redis://127.0.0.1:6379]
  SESSION_PREFIX            prefix of session keys in Redis [default: session:]
  DATABASE_URL              SQL database
  SESSION_TABLE             table in the SQL database [default: sessions]

A variable replaces what the file given with --config says. Secrets are never read from the command line, which other \
users can see.

Exit codes:
  0  yes: the cookie is valid, the session exists, all checks passed
  1  no: the cookie is invalid, the session does not exist, a check failed
  2  error: wrong usage, an invalid setting, the server is down";

pub(crate) const KEY: &str = "\
Example:
  session-tool key > session.secret

To change the secret without logging anyone out, set SESSION_SECRET to the new one and SESSION_PREVIOUS_SECRETS to the \
old one. Remove the old one after SESSION_LIFETIME.";

pub(crate) const INSPECT: &str = "\
Examples:
  session-tool inspect eyJpZCI6Ij…
  curl -si https://example.com/ | session-tool inspect --json

JSON fields, null if unknown:
  valid       whether the service accepts the cookie; null if the server is down
  reason      why it does not: one of the words below
  driver      where the session lives: cookie, redis, postgres, mysql or sqlite
  id          session id
  data        session data
  flash       flash data for the next request
  expires_at  when the session expires, UTC
  key         which key signed the cookie: 0 is SESSION_SECRET, followed by
              SESSION_PREVIOUS_SECRETS
  size        bytes of the cookie's name and value
  limit       the largest size that browsers accept

Reasons:
  absent       there is no cookie named SESSION_COOKIE
  malformed    it is truncated, or does not contain a session
  forged       its signature matches no key; its content is not shown
  expired      the session has expired
  no expiry    the session would never expire
  no record    the server has no such session
  foreign      it belongs to a driver other than SESSION_DRIVER
  encrypted    the session is encrypted, and SESSION_ENCRYPT is off
  not encrypted
               the session is not encrypted, and SESSION_ENCRYPT is on
  too many     too many cookies of the same name come before it
  unavailable  its signature is correct, but the store cannot be reached

Exit codes: 0 valid, 1 invalid, 2 error or unknown.";

pub(crate) const SIGN: &str = "\
Examples:
  session-tool sign '{\"user_id\":42}'
  session-tool sign '{}' --flash '{\"notice\":\"Hi\"}' --set-cookie
  session-tool sign '{}' --expires-in -1m    # expired a minute ago";

pub(crate) const DOCTOR: &str = "\
Some checks are stricter in production, which means that APP_ENV or NODE_ENV is `production`.

Exit codes: 0 no check failed, 1 a check failed (with --strict, or warned), 2 error.";

pub(crate) const STORE: &str = "\
Uses the table SESSION_TABLE of DATABASE_URL if SESSION_DRIVER is postgres, mysql or sqlite; otherwise the Redis server \
at REDIS_URL and keys that start with SESSION_PREFIX. Needs no secret, except to show an encrypted session. Part of an id \
is looked up by reading all ids, which takes a while in a large store and needs permission to run SCAN in Redis.

Exit codes: 0 the session exists, 1 it does not, 2 error, such as several sessions whose ids begin alike.";

pub(crate) const LIST: &str = "\
Examples:
  session-tool list --owner ada
  session-tool list --owner 42 --json --full-id

JSON fields of each session, null if unknown:
  id          session id
  created_at  when it was created, UTC
  saved_at    when it was saved last, UTC
  expires_at  when it expires, UTC
  remembered  whether it has a lifetime of its own (\"remember me\")

A session that has not been saved since the service has SESSION_OWNER_KEY is not in the list.

Exit codes: 0 the user has sessions, 1 the user has none, 2 error.";

pub(crate) const REVOKE: &str = "\
Examples:
  session-tool revoke 1c9e4c0e
  session-tool revoke --owner ada
  session-tool revoke --owner ada --except 1c9e4c0e

Uses the same store as `show`. Needs no secret, except with --owner if sessions are encrypted. If the service announces \
endings through Redis, they are announced, provided that the Redis user may run PUBLISH.

Exit codes: 0 a session was ended, 1 there was none, 2 error, such as several sessions whose ids begin alike.";

pub(crate) const WATCH: &str = "\
Uses the table SESSION_TABLE of DATABASE_URL if SESSION_DRIVER is postgres, mysql or sqlite; otherwise the Redis server \
at REDIS_URL and keys that start with SESSION_PREFIX. Needs no secret, but permission to run SCAN in Redis.

Exit codes: 0 success, 2 the last count failed.";
