#![no_main]

session_fuzz::fuzz!("redis_driver");
