#![no_main]

session_fuzz::fuzz!("tokens");
