#![no_main]

session_fuzz::fuzz!("cookie_driver");
