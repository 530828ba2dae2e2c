//! A small poem application that shows what sessions do.
