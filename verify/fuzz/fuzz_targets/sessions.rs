#![no_main]

session_fuzz::fuzz!("sessions");
