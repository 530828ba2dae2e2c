//! Signed, mergeable sessions for poem: a middleware, an extractor, flash, cookie and server-side drivers.
