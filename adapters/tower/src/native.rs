//! What the crates of several frameworks share: types that each must own, to implement its framework's traits for them.

use std::error::Error as _;

use http::StatusCode;
use session_core::Error;

/// Returns the status and the text with which an error of a session is answered. For adapters.
///
/// The text of a 413 is the error's message. That of a 5xx says nothing about the inside of the application; the message
/// and its cause go into the log.
#[must_use]
pub fn answer(error: &Error) -> (StatusCode, String) {
    let status = error.status();
    if !status.is_server_error() {
        return (status, error.to_string());
    }
    let cause = error.source().map(ToString::to_string);
    tracing::error!(target: "session", %error, cause, "request failed");
    let text = status.canonical_reason().unwrap_or_default();
    (status, text.to_owned())
}

/// Defines a type around a [`Session`](crate::Session) that a handler takes, with its verbs by `Deref`.
#[doc(hidden)]
#[macro_export]
macro_rules! native_session {
    ($(#[$attribute:meta])* pub struct $name:ident;) => {
        $(#[$attribute])*
        #[derive(Clone, Debug)]
        pub struct $name($crate::Session);

        impl $name {
            /// Returns the session of the running task: for code far from the handler.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Missing`](crate::ErrorKind::Missing) outside of a request that has a session, and, where
            /// sessions open lazily, before the handler took its session.
            pub fn current() -> ::std::result::Result<Self, $crate::Error> {
                $crate::Session::current().map(Self)
            }

            /// Returns the session of the running task, `None` if there is none.
            #[must_use]
            pub fn try_current() -> ::std::option::Option<Self> {
                $crate::Session::try_current().map(Self)
            }
        }

        impl ::std::ops::Deref for $name {
            type Target = $crate::Session;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl ::std::convert::From<$crate::Session> for $name {
            fn from(session: $crate::Session) -> Self {
                Self(session)
            }
        }

        impl ::std::convert::From<$name> for $crate::Session {
            fn from(session: $name) -> Self {
                session.0
            }
        }
    };
}

/// Defines a type around an [`Error`](crate::Error) that a handler returns. Its `Debug` is the crate's own affair: a
/// framework may show it to the client.
#[doc(hidden)]
#[macro_export]
macro_rules! native_error {
    ($(#[$attribute:meta])* pub struct $name:ident;) => {
        $(#[$attribute])*
        pub struct $name($crate::Error);

        impl $name {
            /// Returns what went wrong.
            #[must_use]
            pub const fn error(&self) -> &$crate::Error {
                &self.0
            }
        }

        impl ::std::convert::From<$crate::Error> for $name {
            fn from(error: $crate::Error) -> Self {
                Self(error)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::error::Error for $name {
            fn source(&self) -> ::std::option::Option<&(dyn ::std::error::Error + 'static)> {
                ::std::error::Error::source(&self.0)
            }
        }
    };
}
