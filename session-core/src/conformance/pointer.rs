//! Subjects whose driver is behind a pointer, as in an application that chooses its driver at run
//! time.

use std::sync::Arc;
use std::time::Duration;

use super::Subject;
use crate::{Clock, Driver, SessionId};

macro_rules! behind {
    ($(#[$docs:meta] $name:ident $pointer:ident)*) => {$(
        #[$docs]
        ///
        /// # Examples
        ///
        /// ```
        /// use std::sync::Arc;
        #[doc = concat!("use session_core::conformance::", stringify!($name), ";")]
        /// use session_core::MemoryDriver;
        ///
        #[doc = concat!(
            "session_core::conformance!(concurrent, ", stringify!($name), "(Arc::new(MemoryDriver::new())), without plant, take_down);"
        )]
        /// ```
        #[derive(Clone, Copy, Debug)]
        pub struct $name<S>(pub S);

        impl<S: Subject> Subject for $name<S> {
            type Driver = $pointer<dyn Driver>;

            fn driver(&self) -> Self::Driver {
                $pointer::new(self.0.driver())
            }

            fn block_on<F>(&self, future: F) -> F::Output
            where
                F: Future + Send,
                F::Output: Send,
            {
                self.0.block_on(future)
            }

            fn clock(&self) -> Arc<dyn Clock> {
                self.0.clock()
            }

            fn pass(&self, time: Duration) {
                self.0.pass(time);
            }

            fn grain(&self) -> Duration {
                self.0.grain()
            }

            fn effort(&self) -> Duration {
                self.0.effort()
            }

            fn patience(&self) -> Duration {
                self.0.patience()
            }

            fn plant(&self, id: &SessionId, text: &str) -> bool {
                self.0.plant(id, text)
            }

            fn take_down(&self) -> bool {
                self.0.take_down()
            }
        }
    )*};
}

behind! {
    /// A subject that wraps every driver in an `Arc<dyn Driver>`.
    InArc Arc
    /// A subject that wraps every driver in a `Box<dyn Driver>`.
    InBox Box
}
