//! A pointer to a driver is a driver.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Capacity, Driver, Expected, Immediate, Loaded, Saved, Touched};
use crate::{Error, Record, SessionId, Version};

macro_rules! forward {
    ($($pointer:ident)*) => {$(
        #[async_trait]
        impl<D: Driver + ?Sized> Driver for $pointer<D> {
            async fn load(&self, handle: &str) -> Result<Option<Loaded>, Error> {
                (**self).load(handle).await
            }

            async fn save(&self, record: &Record, expected: Expected<'_>, ttl: Duration) -> Result<Saved, Error> {
                (**self).save(record, expected, ttl).await
            }

            async fn destroy(&self, id: &SessionId) -> Result<(), Error> {
                (**self).destroy(id).await
            }

            fn can_revoke(&self) -> bool {
                (**self).can_revoke()
            }

            async fn touch(&self, record: &Record, version: &Version, ttl: Duration) -> Result<Touched, Error> {
                (**self).touch(record, version, ttl).await
            }

            fn capacity(&self) -> Capacity {
                (**self).capacity()
            }

            async fn owned_by(&self, owner: &str) -> Result<Option<Vec<SessionId>>, Error> {
                (**self).owned_by(owner).await
            }

            fn is_sealed(&self) -> bool {
                (**self).is_sealed()
            }

            fn immediate(&self) -> Option<&dyn Immediate> {
                (**self).immediate()
            }
        }
    )*};
}

forward!(Arc Box);
