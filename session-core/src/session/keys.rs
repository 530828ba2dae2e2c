//! Typed keys: a name with the type of its value.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A key with the type of its value, so that every part of an application agrees on both.
///
/// Every verb of a [`Session`](crate::Session) takes a typed key or a string. A typed key makes the compiler check what is
/// put and what is expected back, and a typo in a name is an error too. It only names a place: data that was stored under
/// the same name by an older version, or by other software, is still decoded when it is read, and may be an error.
///
/// # Examples
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use session_core::{Error, Key, Session};
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Cart {
///     items: Vec<String>,
/// }
///
/// const CART: Key<Cart> = Key::new("cart");
///
/// fn add(session: &Session, item: String) -> Result<(), Error> {
///     let mut cart = session.get(&CART)?.unwrap_or_default();
///     cart.items.push(item);
///     session.put(&CART, cart)
/// }
/// # let session = session_core::testing::session(|_| Ok(()));
/// # add(&session, "tea".to_owned())?;
/// # assert_eq!(session.get(&CART)?.unwrap().items, ["tea"]);
/// # Ok::<(), Error>(())
/// ```
///
/// A value of another type does not compile:
///
/// ```compile_fail,E0308
/// # use session_core::{Error, Key, Session};
/// const VISITS: Key<u32> = Key::new("visits");
///
/// fn count(session: &Session) -> Result<(), Error> {
///     session.put(&VISITS, "many")
/// }
/// ```
pub struct Key<T> {
    name: &'static str,
    // A function, so that a key can be shared among threads whatever its value is.
    value: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// Creates a key with this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            value: PhantomData,
        }
    }

    /// Returns the name under which the value is stored.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.name).finish()
    }
}

impl<T> AsRef<str> for Key<T> {
    fn as_ref(&self) -> &str {
        self.name
    }
}

/// Names a value in a session: a string, or a [`Key`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a value in a session",
    label = "expected a string or a `Key`",
    note = "a string inside another type needs `&*key`"
)]
pub trait AnyKey {
    /// Returns the name under which the value is stored.
    fn name(&self) -> &str;
}

/// Names a value of type `T`: a [`Key<T>`](Key), or a string, which names a value of any type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key of a value of type `{T}`",
    label = "this key does not hold a `{T}`",
    note = "a `Key<T>` takes and returns an owned `T`; a string inside another type needs `&*key`"
)]
pub trait KeyOf<T>: AnyKey {}

impl<T> AnyKey for Key<T> {
    fn name(&self) -> &str {
        self.name
    }
}

impl<T> KeyOf<T> for Key<T> {}

impl<K: AnyKey + ?Sized> AnyKey for &K {
    fn name(&self) -> &str {
        (**self).name()
    }
}

impl<T, K: KeyOf<T> + ?Sized> KeyOf<T> for &K {}

macro_rules! strings {
    ($($string:ty),*) => {$(
        impl AnyKey for $string {
            fn name(&self) -> &str {
                self
            }
        }

        impl<T> KeyOf<T> for $string {}
    )*};
}

strings!(str, String, Box<str>, Arc<str>, Cow<'_, str>);

#[cfg(test)]
mod tests {
    use super::*;

    struct NotEvenClone;

    #[test]
    fn key_is_copied_shared_and_shown_whatever_its_value_is() {
        const KEY: Key<*const NotEvenClone> = Key::new("key");
        fn shared<T: Copy + Send + Sync + 'static>(key: T) -> T {
            key
        }
        assert_eq!(shared(KEY).name(), "key");
        assert_eq!(format!("{KEY:?}"), r#"Key("key")"#);
    }

    #[test]
    fn every_kind_of_string_names_a_value() {
        fn name<K: KeyOf<u8> + ?Sized>(key: &K) -> &str {
            AnyKey::name(key)
        }
        assert_eq!(name("a"), "a");
        assert_eq!(name(&"a"), "a");
        assert_eq!(name(&&String::from("a")), "a");
        assert_eq!(name(&Box::<str>::from("a")), "a");
        assert_eq!(name(&Arc::<str>::from("a")), "a");
        assert_eq!(name(&Cow::Borrowed("a")), "a");
        assert_eq!(name(&Key::new("a")), "a");
    }
}
