//! Drivers behind pointers, and the default methods of drivers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pollster::block_on;
use session_core::{
    Capacity, Driver, Error, Expected, Loaded, Record, Saved, SessionId, Touched, Version,
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

    async fn touch(&self, _: &Record, version: &Version, ttl: Duration) -> Result<Touched, Error> {
        assert_eq!((version.as_number(), ttl), (Some(7), MINUTE));
        self.called("touch");
        Ok(Touched::Gone)
    }

    fn capacity(&self) -> Capacity {
        self.called("capacity");
        Capacity::Json(7)
    }

    async fn owned_by(&self, owner: &str) -> Result<Option<Vec<SessionId>>, Error> {
        assert_eq!(owner, "ada");
        self.called("owned_by");
        Ok(Some(Vec::new()))
    }

    fn is_sealed(&self) -> bool {
        self.called("is_sealed");
        true
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
        let touched = driver.touch(&record, &Version::number(7), MINUTE).await;
        assert_eq!(touched.unwrap(), Touched::Gone);
        assert!(matches!(driver.capacity(), Capacity::Json(7)));
        assert_eq!(driver.owned_by("ada").await.unwrap(), Some(Vec::new()));
        assert!(driver.is_sealed());
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
        "capacity",
        "owned_by",
        "is_sealed",
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
        let touched = plain
            .touch(&loaded.record, &loaded.version, MINUTE)
            .await
            .unwrap();
        assert_eq!(touched, Touched::MustSave);
        assert!(matches!(plain.capacity(), Capacity::Unlimited));
        assert!(!plain.is_sealed());
    });
}
