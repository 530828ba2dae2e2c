//! What sessions and managers do, over a complete driver and over the smallest possible one.

mod background;
mod capacity;
mod commit;
mod endings;
mod establish;
mod expiry;
mod flash;
mod forwarding;
mod gone;
mod handle;
mod late;
mod outage;
mod outdated;
mod owners;
mod reload;
mod remember;
mod renewal;
mod save;
mod streams;
mod tokens;
