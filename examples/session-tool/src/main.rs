//! Inspects, signs and revokes sessions and checks the configuration, without HTTP.

fn main() {}
