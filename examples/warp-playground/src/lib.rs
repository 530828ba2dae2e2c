//! A small warp application that shows what sessions do.
