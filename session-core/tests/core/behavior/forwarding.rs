//! Drivers behind pointers, and the default methods of drivers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pollster::block_on;
use session_core::{
    Capacity, Driver, Error, Expected, Loaded, Record, Retired, Saved, SessionId, Touched, Version,
    async_trait,
};

use crate::common::{MINUTE, MinimalDriver};

/// A driver whose results differ from every default.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<Vec<&'static str>>>);

impl Recorder {
    fn called(&self, name: &'static str) {
        self.0.lock().unwrap().push(name);
    }
}

#[async_trait]
impl Driver for Recorder {
    async fn load(&self, _: &str) -> Result<Option<Loaded>, Error> {
        self.called("load");
        Ok(None)
    }

    async fn save(&self, _: &Record, _: Expected<'_>, _: Duration) -> Result<Saved, Error> {
        self.called("save");
        Ok(Saved::Conflict(None))
    }

    async fn destroy(&self, _: &SessionId) -> Result<(), Error> {
        self.called("destroy");
        Ok(())
    }

    fn can_revoke(&self) -> bool {
        self.called("can_revoke");
        true
    }

    async fn touch(&self, _: &SessionId, ttl: Duration) -> Result<Touched, Error> {
        assert_eq!(ttl, MINUTE);
        self.called("touch");
        Ok(Touched::Gone)
    }

    async fn retire(&self, _: &SessionId, version: &Version) -> Result<Retired, Error> {
        assert_eq!(version.as_number(), Some(7));
        self.called("retire");
        Ok(Retired::Done)
    }

    fn capacity(&self) -> Capacity {
        self.called("capacity");
        Capacity::Json(7)
    }
}

fn call_every_method(driver: &(impl Driver + ?Sized)) {
    let id = SessionId::from_stored("an id").unwrap();
    block_on(async {
        assert!(driver.load("h").await.unwrap().is_none());
        let record = Record::new(id.clone());
        let saved = driver.save(&record, Expected::Absent, MINUTE).await;
        assert!(matches!(saved.unwrap(), Saved::Conflict(None)));
        driver.destroy(&id).await.unwrap();
        assert!(driver.can_revoke());
        assert_eq!(driver.touch(&id, MINUTE).await.unwrap(), Touched::Gone);
        let retired = driver.retire(&id, &Version::number(7)).await.unwrap();
        assert!(matches!(retired, Retired::Done));
        assert!(matches!(driver.capacity(), Capacity::Json(7)));
    });
}

#[test]
fn pointers_forward_every_method() {
    let recorder = Recorder::default();
    let arc: Arc<dyn Driver> = Arc::new(recorder.clone());
    let boxed: Box<dyn Driver> = Box::new(recorder.clone());
    let nested: Box<dyn Driver> = Box::new(Arc::new(recorder.clone()));
    call_every_method(&arc);
    call_every_method(&boxed);
    call_every_method(&nested);
    call_every_method(&Arc::new(recorder.clone()));
    let expected = [
        "load",
        "save",
        "destroy",
        "can_revoke",
        "touch",
        "retire",
        "capacity",
    ];
    assert_eq!(*recorder.0.lock().unwrap(), expected.repeat(4));
}

/// The defaults that the minimal driver uses.
#[test]
fn default_methods_are_correct() {
    let plain = MinimalDriver::default();
    let id = SessionId::from_stored("an-id").unwrap();
    block_on(async {
        let record = Record::new(id.clone());
        plain.save(&record, Expected::Absent, MINUTE).await.unwrap();
        let loaded = plain.load("an-id").await.unwrap().unwrap();
        let touched = plain.touch(&id, MINUTE).await.unwrap();
        assert_eq!(touched, Touched::MustSave);
        assert!(matches!(plain.capacity(), Capacity::Unlimited));
        let retired = plain.retire(&id, &loaded.version).await.unwrap();
        assert!(matches!(retired, Retired::Done));
        let retired = plain.retire(&id, &loaded.version).await.unwrap();
        assert!(matches!(retired, Retired::Gone));
    });
}
