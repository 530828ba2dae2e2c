//! The HTTP scenarios that every adapter passes, with every driver.
