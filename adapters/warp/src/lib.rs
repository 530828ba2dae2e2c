//! Signed, mergeable sessions for warp: a layer, filters, flash, cookie and server-side drivers.
